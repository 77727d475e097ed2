/*
 * twin COMMAND [ARGUMENT]…: keeps two processes of COMMAND, one that works and one that is loaded and waits. When the first dies,
 * the second has its turn at once: a program that needs a second to start is away for milliseconds.
 *
 * Standard input of each is a socket. The process writes `r` there when it is loaded, and waits; it gets `g` when it is its
 * turn, which happens only after the one before was reaped: never do two of them work. The one that waits has ordinary priority,
 * so that its loading does not disturb the one that works; with its turn it gets the scheduling that twin itself was started
 * with (LimitRTPRIO in the unit allows it).
 *
 * SIGHUP: another one is loaded (from COMMAND as it is then: an upgrade), and only when it is ready does the one that works get
 * SIGTERM. SIGTERM, SIGINT: passed on to the one that works, and twin ends with it.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "start.h"

/* Between the death of a process and the start of the next one, doubled with each that dies before it is loaded. */
enum { PAUSE_MS = 100, LONGEST_PAUSE_MS = 5000 };

/* ENDING: killed by us, not reaped yet. */
typedef enum { NONE, LOADING, WAITING, WORKING, ENDING } stage;

typedef struct {
  pid_t pid;
  /* Our end of its standard input. */
  int link;
  stage stage;
} process;

static process twins[2];
static char **command;
/* How twin itself was started: what the one that works gets. */
static int policy;
static struct sched_param priority;
static int failures;
static long long start_at;
static bool is_stopping, is_renewing;
static int result;

static long long now_ms(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1000LL + at.tv_nsec / 1000000;
}

static process *at_stage(stage wanted) {
  for (int index = 0; index < 2; index++)
    if (twins[index].stage == wanted) return &twins[index];
  return NULL;
}

static void become(int link, bool is_spare, const sigset_t *before) {
  struct sched_param ordinary = {0};
  if (is_spare) sched_setscheduler(0, SCHED_OTHER, &ordinary);
  /* Nobody is left to see to it that only one works. */
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigprocmask(SIG_SETMASK, before, NULL);
  dup2(link, 0);
  execvp(command[0], command);
  dprintf(2, "<3>cannot start %s: %s\n", command[0], strerror(errno));
  _exit(127);
}

static void start(process *self, const sigset_t *before) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) return;
  pid_t pid = fork();
  if (pid == 0) become(ends[1], at_stage(WORKING) != NULL, before);
  close(ends[1]);
  if (pid < 0) {
    close(ends[0]);
    start_at = now_ms() + LONGEST_PAUSE_MS;
    return;
  }
  *self = (process){pid, ends[0], LOADING};
}

/* Every thread: those that V8 has made already do not take it from the first one. */
static void give_priority(pid_t pid) {
  char path[32];
  snprintf(path, sizeof path, "/proc/%d/task", pid);
  DIR *tasks = policy == SCHED_OTHER ? NULL : opendir(path);
  if (tasks == NULL) return;
  for (struct dirent *one; (one = readdir(tasks)) != NULL;)
    if (one->d_name[0] != '.' && sched_setscheduler(atoi(one->d_name), policy, &priority) < 0)
      dprintf(2, "<4>no real-time priority for %s: %s\n", one->d_name, strerror(errno));
  closedir(tasks);
}

static void end(process *self) {
  self->stage = ENDING;
  kill(self->pid, SIGKILL);
}

static void give_turn(process *self) {
  give_priority(self->pid);
  if (send(self->link, "g", 1, MSG_NOSIGNAL) == 1) self->stage = WORKING;
  else end(self);
}

static void listen_to(process *self) {
  char word;
  ssize_t got = recv(self->link, &word, 1, MSG_DONTWAIT);
  if (got < 0) return;
  if (got == 1 && word == 'r' && self->stage == LOADING) {
    self->stage = WAITING;
    failures = 0;
  }
  if (got > 0) return;
  /* Whoever cannot be told of its turn any more is of no use; the one that works needs no more words. */
  close(self->link);
  self->link = -1;
  if (self->stage == WAITING) end(self);
  if (self->stage == LOADING) kill(self->pid, SIGKILL);
}

static void reap(void) {
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    for (int index = 0; index < 2; index++) {
      process *self = &twins[index];
      if (self->stage == NONE || self->pid != pid) continue;
      if (self->stage == WORKING) {
        is_renewing = false;
        result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      } else if (is_renewing && self->stage == LOADING) {
        is_renewing = false;
        dprintf(2, "<3>the new process ended before it was ready (status %d); the old one goes on\n", status);
      }
      if (self->stage == LOADING) failures += failures < 6;
      long long pause = PAUSE_MS << failures;
      start_at = now_ms() + (pause < LONGEST_PAUSE_MS ? pause : LONGEST_PAUSE_MS);
      if (self->link >= 0) close(self->link);
      *self = (process){0, -1, NONE};
    }
  }
}

static void end_spare(void) {
  process *spare = at_stage(WAITING) ? at_stage(WAITING) : at_stage(LOADING);
  if (spare != NULL) end(spare);
}

static void on_signal(int number) {
  process *working = at_stage(WORKING);
  switch (number) {
    case SIGHUP:
      /* Without one that works there is nothing to renew: what loads next is new. */
      is_renewing = working != NULL && !is_stopping;
      end_spare();
      start_at = 0;
      break;
    case SIGTERM:
    case SIGINT:
      is_stopping = true;
      end_spare();
      if (working != NULL) kill(working->pid, SIGTERM);
      break;
  }
}

/* What has to be done next, from what is. Returns for how long nothing is, in ms; -1: for ever. */
static int settle(const sigset_t *before) {
  process *working = at_stage(WORKING), *waiting = at_stage(WAITING), *loading = at_stage(LOADING);
  if (is_stopping) return -1;
  if (working == NULL && waiting != NULL) {
    give_turn(waiting);
    return 0;
  }
  if (is_renewing && waiting != NULL) {
    /* Its end gives the other its turn. */
    kill(working->pid, SIGTERM);
    is_renewing = false;
    return -1;
  }
  if (waiting != NULL || loading != NULL || at_stage(ENDING) != NULL) return -1;
  long long left = start_at - now_ms();
  if (left > 0) return (int)left;
  start(at_stage(NONE), before);
  return 0;
}

static bool is_over(void) {
  return is_stopping && twins[0].stage == NONE && twins[1].stage == NONE;
}

int main(int argc, char **argv, char **environment) {
  (void)environment;
  if (argc < 2) {
    dprintf(2, "usage: twin COMMAND [ARGUMENT]...\n");
    return 5;
  }
  command = argv + 1;
  twins[0].link = twins[1].link = -1;
  policy = sched_getscheduler(0);
  sched_getparam(0, &priority);
  sigset_t heard, before;
  sigemptyset(&heard);
  for (const int *one = (const int[]){SIGCHLD, SIGHUP, SIGTERM, SIGINT, 0}; *one; one++) sigaddset(&heard, *one);
  sigprocmask(SIG_BLOCK, &heard, &before);
  int signals = signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals < 0) return 1;
  while (!is_over()) {
    int timeout = settle(&before);
    struct pollfd ready[] = {{signals, POLLIN, 0}, {twins[0].link, POLLIN, 0}, {twins[1].link, POLLIN, 0}};
    if (poll(ready, 3, timeout) < 0 && errno != EINTR) return 1;
    for (int index = 0; index < 2; index++)
      if (ready[index + 1].revents) listen_to(&twins[index]);
    struct signalfd_siginfo told;
    bool is_child = false;
    while (read(signals, &told, sizeof told) == sizeof told) {
      if (told.ssi_signo == SIGCHLD) is_child = true;
      else on_signal((int)told.ssi_signo);
    }
    if (is_child) reap();
  }
  return result;
}
