/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fluentd_null: the least that a receiver of PackedForward with acknowledgements can be: it listens
 * on a port of 127.0.0.1, says which, takes one connection, passes over the entries without looking
 * at them and acknowledges each chunk. For measuring what the sink can do. It knows only what the
 * sink fluentd sends.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static uint8_t room[1 << 20];
static size_t at, end;

/* Passes over n octets; copies the last of them to `to` where that is asked for. */
static int take(int fd, size_t n, uint8_t *to)
{
	while (n) {
		if (at == end) {
			ssize_t got = read(fd, room, sizeof(room));
			if (got <= 0)
				return -1;
			at = 0;
			end = (size_t)got;
		}
		size_t some = n < end - at ? n : end - at;
		if (to) {
			memcpy(to, room + at, some);
			to += some;
		}
		at += some;
		n -= some;
	}
	return 0;
}

/* [tag, bin32, {..., "chunk": id}]: id is the last 32 octets. */
static int message(int fd)
{
	uint8_t head[6], options[1], c = 0;
	char ack[6 + 2 + 32] = "\x81\xa3"
			       "ack\xd9\x20";
	if (take(fd, 2, head) || take(fd, head[1] & 31, NULL) || take(fd, 5, head))
		return -1;
	size_t n = (size_t)head[1] << 24 | (size_t)head[2] << 16 | (size_t)head[3] << 8 | head[4];
	if (head[0] != 0xc6 || take(fd, n, NULL) || take(fd, 1, options))
		return -1;
	/* Up to the str8 of 32 octets behind "chunk". */
	while (c != 0xd9)
		if (take(fd, 1, &c))
			return -1;
	if (take(fd, 1, &c) || take(fd, 32, (uint8_t *)ack + 7))
		return -1;
	return write(fd, ack, 39) == 39 ? 0 : -1;
}

int main(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(listener, 1) < 0)
		return 1;
	getsockname(listener, (struct sockaddr *)&a, &len);
	printf("%u\n", ntohs(a.sin_port));
	fflush(stdout);
	int fd = accept(listener, NULL, NULL);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	while (message(fd) == 0)
		;
	return 0;
}
