/* SPDX-License-Identifier: BSD-3-Clause */
/* What the configuration means for the stages of a worker. */
#ifndef ENGINE_STAGES_H
#define ENGINE_STAGES_H

#include "input/input.h"

/* Ports of DNS and of tunnels, and what of encrypted DNS is looked at. conf has been checked. */
void stages_packets(struct packet_conf *packets, const struct conf *conf);

/* The pipeline of worker `self`, of an input that is shared out. Its secret is the caller's to set.
 */
struct pipeline_conf stages_pipeline(const struct conf *conf, const struct packet_conf *packets,
	const struct input *input, unsigned self);

#endif
