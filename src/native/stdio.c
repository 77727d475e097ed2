/*
 * stdio SOCKETPATH: copies standard input to a Unix stream socket and what comes from it to standard output, until the socket
 * closes. End of input half-closes the socket. This is `lvs-agent stdio`, the far end of lvsctl's requests over SSH: in C because
 * starting Node costs a second on a small host.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "start.h"

/* One direction: what was read from `from` and is not yet written to `to`. */
typedef struct {
  int from, to;
  size_t start, end;
  int ended;
  char data[65536];
} pump;

static pump up, down;

static int fail(const char *what, const char *path) {
  dprintf(2, "lvs-agent stdio: %s %s: %s\n", what, path, strerror(errno));
  return 1;
}

/*
 * Without waiting where `to` is a socket (sshd gives socket pairs); on a pipe poll has promised room for 4096 bytes. Waiting in a
 * write would stop the other direction too.
 */
static ssize_t put(int to, const char *data, size_t length) {
  ssize_t sent = send(to, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0 && errno == ENOTSOCK) sent = write(to, data, length < 4096 ? length : 4096);
  return sent;
}

static short wanted(const pump *self, int side) {
  if (side == self->to) return self->end > self->start ? POLLOUT : 0;
  return self->end == self->start && !self->ended ? POLLIN : 0;
}

/* Returns -1 on an error that ends the program. */
static int fill(pump *self) {
  ssize_t got = read(self->from, self->data, sizeof self->data);
  if (got < 0) return errno == EINTR || errno == EAGAIN ? 0 : -1;
  self->start = 0;
  self->end = (size_t)got;
  self->ended = got == 0;
  return 0;
}

static int drain(pump *self) {
  ssize_t sent = put(self->to, self->data + self->start, self->end - self->start);
  if (sent < 0) return errno == EINTR || errno == EAGAIN ? 0 : -1;
  self->start += (size_t)sent;
  return 0;
}

static int copy(int agent) {
  up.from = 0, up.to = agent;
  down.from = agent, down.to = 1;
  for (;;) {
    /* A descriptor that nothing is wanted of is left out (-1): a hung-up one would be reported for ever. */
    struct pollfd ready[] = {
        {wanted(&up, 0) ? 0 : -1, POLLIN, 0},
        {wanted(&up, agent) || wanted(&down, agent) ? agent : -1, wanted(&up, agent) | wanted(&down, agent), 0},
        {wanted(&down, 1) ? 1 : -1, POLLOUT, 0},
    };
    if (poll(ready, 3, -1) < 0 && errno != EINTR) return 1;
    if (ready[2].revents && drain(&down) < 0) return 1;
    if (ready[1].revents & (POLLIN | POLLHUP | POLLERR) && wanted(&down, agent) && fill(&down) < 0) return 1;
    if (ready[1].revents & (POLLOUT | POLLERR) && wanted(&up, agent) && drain(&up) < 0) return 1;
    if (ready[0].revents && fill(&up) < 0) return 1;
    if (ready[0].revents && up.ended) shutdown(agent, SHUT_WR);
    if (down.ended) return 0;
  }
}

int main(int argc, char **argv, char **environment) {
  (void)environment;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (argc != 2 || strlen(argv[1]) >= sizeof address.sun_path) {
    dprintf(2, "usage: stdio SOCKETPATH\n");
    return 5;
  }
  strcpy(address.sun_path, argv[1]);
  int agent = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (agent < 0) return fail("cannot make a socket for", argv[1]);
  if (connect(agent, (struct sockaddr *)&address, sizeof address) < 0) return fail("cannot connect to", argv[1]);
  return copy(agent);
}
