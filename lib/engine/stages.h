/* SPDX-License-Identifier: BSD-3-Clause */
/* Turns the configuration into that of a worker's stages. */
#ifndef ENGINE_STAGES_H
#define ENGINE_STAGES_H

#include "input/input.h"

/* Sets the ports of DNS, tunnels and encrypted DNS from a valid conf. */
void stages_packets(struct packet_conf *packets, const struct conf *conf);

/* Returns the pipeline's configuration for worker `self` of a shared input. The caller sets its
 * secret. */
struct pipeline_conf stages_pipeline(const struct conf *conf, const struct packet_conf *packets,
	const struct input *input, unsigned self);

#endif
