/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SINK_SECRETS_H
#define SINK_SECRETS_H

#include "config/conf.h"

/*
 * Reads the files that the keys *_file of a sink name into the keys that these replace. Returns 0;
 * -EINVAL and the error, which begins with the key's path inside the object; -ENOMEM. No message
 * shows the contents of a file.
 */
int sink_secrets_read(struct conf_sink *conf, struct conf_error *err);

#endif
