/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of the kinds of input. */
#include "base/log.h"
#include "input/input.h"

#include <errno.h>

#define INPUT(kind) extern const struct input_ops input_##kind;
#include "input/inputs.def"
#undef INPUT

static const struct input_ops *const kinds[] = {
#define INPUT(kind) &input_##kind,
#include "input/inputs.def"
#undef INPUT
};

int input_plan(struct input *in, const struct conf *conf)
{
	for (size_t i = 0; i < BITS_COUNT(kinds); i++)
		if (kinds[i]->suits(conf))
			return input_plan_kind(in, conf, kinds[i]);
	*in = (struct input){0};
	log_error("no input is configured: give files with -r, or interfaces with -i");
	return -EINVAL;
}
