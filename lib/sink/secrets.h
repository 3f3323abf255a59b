/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SINK_SECRETS_H
#define SINK_SECRETS_H

#include "config/conf.h"

/*
 * Reads the files that the keys *_file of a sink name into the keys that they stand for. 0; -EINVAL
 * and the error, the key's path inside the object in front; -ENOMEM. It never shows what it reads.
 */
int secrets_read(struct conf_sink *conf, struct conf_error *err);

#endif
