/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration from a JSON document. */
#include "config/conf_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int load_tree(struct conf *conf, const cJSON *root, struct conf_error *err)
{
	struct conf next;

	if (!cJSON_IsObject(root))
		return conf_fail(err, -EINVAL, "the document is %s, expected an object",
			conf_type_name(root));
	if (conf_copy(&next, conf) < 0)
		return conf_fail(err, -ENOMEM, "out of memory");
	int rc = conf_table_load(&conf_table_all, &next, root, err);
	if (rc < 0) {
		conf_free(&next);
		return rc;
	}
	conf_free(conf);
	*conf = next;
	return 0;
}

int conf_load_memory(
	struct conf *conf, const char *name, const char *octets, size_t len, struct conf_error *err)
{
	struct conf_excerpt source = conf_excerpt(name, 380);
	struct conf_fault fault;
	cJSON *root;
	int rc;

	if (len > CONF_FILE_MAX)
		return conf_fail(
			err, -EFBIG, "%s: is larger than %d octets", source.text, CONF_FILE_MAX);
	if (len == 0)
		return conf_fail(err, -EINVAL, "%s: is empty, expected a JSON object", source.text);
	rc = conf_json(octets, len, &root, &fault);
	if (rc == -ENOMEM)
		return conf_fail(err, rc, "%s: out of memory", source.text);
	if (rc < 0)
		return conf_fail(err, rc, "%s:%zu:%zu: %s", source.text, fault.line, fault.column,
			fault.what);
	rc = load_tree(conf, root, err);
	cJSON_Delete(root);
	if (rc < 0)
		conf_error_add_source(err, source.text);
	return rc;
}

/* Reads at most `size` octets of a file. Returns 0 or -errno. */
static int read_all(int fd, char *buffer, size_t size, size_t *len)
{
	struct stat st;

	*len = 0;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	while (*len < size) {
		ssize_t n = read(fd, buffer + *len, size - *len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		*len += (size_t)n;
	}
	return 0;
}

int conf_load_file(struct conf *conf, const char *path, struct conf_error *err)
{
	struct conf_excerpt source = conf_excerpt(path, 380);
	size_t len;
	int fd, rc;

	if (path[0] == '\0')
		return conf_fail(err, -ENOENT, "the configuration file's name is empty");
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		rc = -errno;
		return conf_fail(err, rc, "%s: cannot open: %s", source.text, strerror(-rc));
	}
	/* One octet more than allowed shows that the file is too large. */
	char *buffer = malloc(CONF_FILE_MAX + 1);
	rc = buffer ? read_all(fd, buffer, CONF_FILE_MAX + 1, &len) : -ENOMEM;
	close(fd);
	if (rc == -EISDIR)
		conf_fail(err, rc, "%s: is a directory, expected a file", source.text);
	else if (rc < 0)
		conf_fail(err, rc, "%s: cannot read: %s", source.text, strerror(-rc));
	else
		rc = conf_load_memory(conf, path, buffer, len, err);
	free(buffer);
	return rc;
}
