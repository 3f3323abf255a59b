/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes the loading of configurations. A JSON document that is refused changes nothing and gives
 * an error of one line in UTF-8; one that is accepted, written and loaded again gives the same
 * configuration, and writing it twice gives the same text.
 *
 * An input that begins with '=' is a line for --set instead; one that begins with '$' is an
 * environment variable, without DNSLOUPE_.
 */
#include "config/conf_inner.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool ok)
{
	if (!ok)
		abort();
}

static char *written(const struct conf *conf, size_t *len)
{
	char *json = NULL;
	FILE *out = open_memstream(&json, len);

	demand(out && conf_write(conf, out) == 0);
	fclose(out);
	return json;
}

static void check_accepted(const struct conf *conf)
{
	struct conf_error err;
	struct conf again;
	size_t len, again_len;
	char *json = written(conf, &len);

	/* a list may have more entries than fit into a file */
	if (len <= CONF_FILE_MAX) {
		demand(conf_init(&again) == 0);
		demand(conf_load_memory(&again, "again", json, len, &err) == 0);
		demand(conf_equal(conf, &again));
		char *json_again = written(&again, &again_len);
		demand(again_len == len && memcmp(json, json_again, len) == 0);
		free(json_again);
		conf_free(&again);
	}
	free(json);
	if (conf_check(conf, &err) < 0)
		demand(err.text[0] != '\0');
}

/* Returns as the loader does. */
static int load(struct conf *conf, const uint8_t *data, size_t size, struct conf_error *err)
{
	static const char prefix[] = "DNSLOUPE_";
	char *text = malloc(sizeof(prefix) + size);
	char *environ[] = {text, NULL};
	int rc;

	demand(text != NULL);
	memcpy(text, prefix, sizeof(prefix) - 1);
	if (size > 0)
		memcpy(text + sizeof(prefix) - 1, data + 1, size - 1);
	text[sizeof(prefix) - 1 + (size ? size - 1 : 0)] = '\0';
	if (size > 0 && data[0] == '=')
		rc = conf_set(conf, text + sizeof(prefix) - 1, err);
	else if (size > 0 && data[0] == '$')
		rc = conf_load_env(conf, environ, err);
	else
		rc = conf_load_memory(conf, "fuzz", (const char *)data, size, err);
	free(text);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf_error err = {""};
	struct conf conf, before;

	demand(conf_init(&conf) == 0 && conf_copy(&before, &conf) == 0);
	if (load(&conf, data, size, &err) == 0) {
		check_accepted(&conf);
	} else {
		demand(conf_equal(&conf, &before));
		demand(err.text[0] != '\0' && strlen(err.text) < sizeof(err.text) - 1);
		/* words of --set and of the environment are shown unchanged */
		if (size == 0 || (data[0] != '=' && data[0] != '$'))
			demand(conf_utf8(err.text, strlen(err.text)) == strlen(err.text));
	}
	conf_free(&before);
	conf_free(&conf);
	return 0;
}
