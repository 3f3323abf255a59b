/* SPDX-License-Identifier: BSD-3-Clause */
/* Groups the sinks by format, once at the start. */
#include "sink/fanout.h"

#include <errno.h>
#include <stdlib.h>

static struct schema_options options_of(const struct conf_sink *conf)
{
	return (struct schema_options){.kind = schema_kind_of(conf->schema),
		.include = &conf->fields_include,
		.exclude = &conf->fields_exclude,
		.sections = conf->sections,
		.extra = conf->extra,
		.level = conf->level};
}

static enum conf_choice key_of(const struct sink *sink)
{
	return sink->ops->keyed ? sink->conf->key : CONF_KEY_NONE;
}

/* Returns the format with these options, or a new one: the array can hold one for each sink. */
static struct fanout_format *find_format(struct fanout *f, const struct sink *sink)
{
	struct schema_options options = options_of(sink->conf);
	unsigned i = 0;

	while (i < f->count && !(f->formats[i].key == key_of(sink) &&
				       schema_same(&f->formats[i].options, &options)))
		i++;
	if (i == f->count) {
		f->count++;
		f->formats[i].options = options;
		f->formats[i].key = key_of(sink);
	}
	return &f->formats[i];
}

int fanout_init(struct fanout *f, const struct sinks *sinks, unsigned logger, const char *sensor,
	const struct conf *conf, struct metrics_dns *metrics)
{
	const struct schema_kind *native = schema_kind_of(CONF_SCHEMA_NATIVE);

	memset(f, 0, sizeof(*f));
	f->live = sinks->live;
	f->metrics = metrics;
	f->formats = calloc(sinks->count, sizeof(*f->formats));
	if (!f->formats)
		return -ENOMEM;
	for (unsigned i = 0; i < sinks->count; i++) {
		struct sink_thread *t = &sinks->thread[i];
		struct sink_queue *queue = sink_queue_of(t, logger);
		if (!queue)
			continue;
		struct fanout_format *format = find_format(f, &t->sink);
		if (!format->sinks) {
			format->sinks = calloc(sinks->count, sizeof(*format->sinks));
			format->view = &f->view;
			format->out.end = fanout_end_doc;
			if (!format->sinks) {
				fanout_free(f);
				return -ENOMEM;
			}
			/* Faults of messages are counted once, by the first format. */
			schema_init(&format->schema, sensor,
				format == f->formats ? metrics : &f->spare);
			format->schema.unicode = conf->output_unicode;
			format->schema.max_bytes = (uint32_t)conf->output_max_bytes;
			format->schema.max_records = (uint32_t)conf->output_max_records;
			schema_choose(&format->schema, &format->options);
			format->some_fields = schema_fields(&format->fields, &format->options);
		}
		bool notices = format->options.kind == native &&
			       (logger == 0 || t->sink.conf->logger_number);
		f->notices += notices;
		format->sinks[format->count++] = (struct fanout_sink){
			.queue = queue, .filter = &t->filter, .notices = notices};
	}
	return 0;
}

void fanout_free(struct fanout *f)
{
	for (unsigned i = 0; f->formats && i < f->count; i++)
		free(f->formats[i].sinks);
	free(f->formats);
	memset(f, 0, sizeof(*f));
}
