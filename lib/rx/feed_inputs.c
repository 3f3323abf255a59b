/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/feed_inputs.h"

#include "base/log.h"
#include "base/text.h"
#include "rx/feed_dir.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

int feed_refuse(char message[CAPFILE_MESSAGE], int error, const char *name, const char *what)
{
	struct text t = text_of(message, CAPFILE_MESSAGE - 1);

	text_format(&t, "%.700s%s%s", name ? name : "", name ? ": " : "", what);
	*t.at = '\0';
	return error;
}

/* Appends an input to the list. Returns it, or NULL without memory. */
static struct feed_input *add_input(struct feed_inputs *list, const char *name)
{
	/* The capacity is the next power of 2. */
	if ((list->n & (list->n - 1)) == 0) {
		size_t capacity = list->n ? 2 * list->n : 1;
		void *more = realloc(list->at, capacity * sizeof(*list->at));
		if (!more)
			return NULL;
		list->at = more;
	}
	struct feed_input *input = &list->at[list->n++];
	*input = (struct feed_input){.name = name, .fd = -1};
	return input;
}

/* Opens the last input, to report a wrong name now; closes it if too many are open. */
static int try_input(struct feed_inputs *list, char *message)
{
	struct feed_input *input = &list->at[list->n - 1];
	struct rlimit limit = {0};
	uint64_t octets;
	int r = feed_input_open(input, &octets);

	if (r < 0)
		return feed_refuse(message, r, feed_input_name(input), strerror(-r));
	list->all_regular = list->all_regular && input->regular;
	list->octets += octets;
	/* Other parts need descriptors, too. */
	getrlimit(RLIMIT_NOFILE, &limit);
	if (input->regular && (list->n > FEED_HELD_MAX || list->n > limit.rlim_cur / 4))
		feed_input_close(input);
	return 0;
}

/* Appends and opens the captures of a directory. Returns 0, or -errno with a message. */
static int open_directory(struct feed_inputs *list, const char *path, char *message)
{
	struct feed_dir dir;
	int r = feed_dir_list(&dir, path);

	if (r < 0)
		feed_refuse(message, r, path,
			r == -ENOENT ? "no captures are in this directory: name one that has some"
				     : strerror(-r));
	else if (dir.others)
		log_note("%s: %zu files that are no captures are left out", path, dir.others);
	for (size_t i = 0; i < dir.n && r == 0; i++) {
		struct feed_input *input = add_input(list, dir.files[i].path);
		if (!input) {
			r = feed_refuse(message, -ENOMEM, NULL, strerror(ENOMEM));
			break;
		}
		input->owned = dir.files[i].path;
		dir.files[i].path = NULL;
		r = try_input(list, message);
	}
	feed_dir_free(&dir);
	return r;
}

int feed_inputs_open(
	struct feed_inputs *list, const char *const *files, size_t n, char message[CAPFILE_MESSAGE])
{
	bool dash = false;
	int r = 0;

	list->all_regular = true;
	for (size_t i = 0; i < n && r == 0; i++) {
		struct stat st;
		bool standard = strcmp(files[i], "-") == 0;
		if (standard && dash)
			return feed_refuse(message, -EINVAL, "standard input", "is given twice");
		dash = dash || standard;
		if (!standard && stat(files[i], &st) == 0 && S_ISDIR(st.st_mode))
			r = open_directory(list, files[i], message);
		else
			r = add_input(list, files[i])
				    ? try_input(list, message)
				    : feed_refuse(message, -ENOMEM, NULL, strerror(ENOMEM));
	}
	if (!list->all_regular)
		list->octets = 0;
	return r;
}

void feed_inputs_free(struct feed_inputs *list)
{
	for (size_t i = 0; i < list->n; i++)
		feed_input_free(&list->at[i]);
	free(list->at);
	list->at = NULL;
	list->n = 0;
}
