/*
 * lvs-run USER -- PROGRAM [ARGUMENTS]: becomes USER for good and runs PROGRAM with no capability left, so that scripts of a
 * topology (checks, trackers, notifications) hold nothing of the agent's power. Needs CAP_SETUID and CAP_SETGID; CAP_SETPCAP to
 * empty the bounding set, too (without it no_new_privs alone keeps that set from mattering).
 * Exit 125: could not become USER; 126, 127: could not run PROGRAM, as a shell says it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "start.h"

static void fail(int status, const char *what, const char *target) {
  dprintf(2, "lvs-run: %s %s: %s\n", what, target, strerror(errno));
  exit(status);
}

/* While still privileged: capabilities(7), "Transformation of capabilities during execve". */
static void empty_bounding_set(void) {
  for (unsigned long one = 0; prctl(PR_CAPBSET_READ, one, 0, 0, 0) >= 0; one++)
    if (prctl(PR_CAPBSET_DROP, one, 0, 0, 0) < 0 && errno != EPERM) fail(125, "cannot drop", "the bounding set");
}

static void empty_own_sets(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];
  memset(none, 0, sizeof none);
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0) fail(125, "cannot clear", "ambient capabilities");
  if (syscall(SYS_capset, &header, none) < 0) fail(125, "cannot clear", "capabilities");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) fail(125, "cannot set", "no_new_privs");
}

static void become(const char *user) {
  errno = 0;
  struct passwd *entry = getpwnam(user);
  if (entry == NULL) {
    if (errno == 0) errno = ENOENT;
    fail(125, "no such user:", user);
  }
  if (entry->pw_uid == 0) {
    errno = EPERM;
    fail(125, "refuses to run a script as", user);
  }
  empty_bounding_set();
  if (initgroups(user, entry->pw_gid) < 0) fail(125, "cannot take the groups of", user);
  if (setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) < 0) fail(125, "cannot take the group of", user);
  if (setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid) < 0) fail(125, "cannot become", user);
  empty_own_sets();
  setenv("HOME", entry->pw_dir, 1);
  setenv("USER", user, 1);
  setenv("LOGNAME", user, 1);
}

int main(int argc, char **argv, char **environment) {
  (void)environment;
  if (argc < 4 || strcmp(argv[2], "--") != 0) {
    dprintf(2, "usage: lvs-run USER -- PROGRAM [ARGUMENTS]\n");
    return 125;
  }
  become(argv[1]);
  execvp(argv[3], argv + 3);
  fail(errno == ENOENT ? 127 : 126, "cannot run", argv[3]);
  return 126;
}
