/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/eal_log.h"

#include <rte_log.h>
#include <stdlib.h>
#include <string.h>

void eal_log_capture(struct eal_log *log, bool shown, unsigned level)
{
	*log = (struct eal_log){0};
	if (shown)
		return;
	log->stream = open_memstream(&log->text, &log->len);
	if (log->stream) {
		rte_log_set_global_level(level);
		rte_openlog_stream(log->stream);
	}
}

const char *eal_log_end(struct eal_log *log)
{
	if (!log->stream)
		return "see DPDK's message above";
	rte_log_set_global_level(RTE_LOG_CRIT);
	rte_openlog_stream(stderr);
	fclose(log->stream);
	log->stream = NULL;
	size_t n = log->text ? log->len : 0;
	while (n && log->text[n - 1] == '\n')
		log->text[--n] = '\0';
	char *line = n ? strrchr(log->text, '\n') : NULL;
	return line ? line + 1 : n ? log->text : "DPDK gives no reason";
}

/* The lines after the first only repeat that something failed. */
const char *eal_log_cause(struct eal_log *log)
{
	const char *last = eal_log_end(log);
	char *rest = NULL;
	for (char *line = log->text ? strtok_r(log->text, "\n", &rest) : NULL; line;
		line = strtok_r(NULL, "\n", &rest))
		/* memif's warning about secondary processes, of which there are none. */
		if (strncmp(line, "EAL: ", 5) != 0 && !strstr(line, "mp action"))
			return line;
	return last;
}

void eal_log_free(struct eal_log *log)
{
	free(log->text);
	log->text = NULL;
}
