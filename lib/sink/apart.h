/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SINK_APART_H
#define SINK_APART_H

#include "config/conf.h"

/*
 * Is none of the files that a run writes one of those that it reads, by device and inode? 0, or
 * -EINVAL and the error. The files that are not there yet are not looked at.
 */
int apart_check(const struct conf *conf, const struct conf_sinks *all, struct conf_error *err);

#endif
