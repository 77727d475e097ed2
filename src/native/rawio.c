/*
 * rawio: the system calls that Node lacks, as a plain-C Node-API addon. Every call is non-blocking and returns a number >= 0
 * or -errno; nothing throws for an errno. All meaning (addresses, options, protocols) is in TypeScript; see src/kernel/rawio.ts
 * for the typed face and src/kernel/linux-abi.ts for the numbers.
 *
 * Built with -nostdlib: libc's symbols come from the node process unversioned, so that one file serves every glibc and musl.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#define NAPI_VERSION 8
#include <node_api.h>
#include <uv.h>

#define MAX_ARGS 5

typedef struct {
  void *data;
  size_t length;
} bytes;

static napi_value number(napi_env env, int64_t value) {
  napi_value result;
  napi_create_int64(env, value, &result);
  return result;
}

/* A system call's result as JavaScript sees it. */
static napi_value answer(napi_env env, ssize_t result) {
  return number(env, result < 0 ? -errno : result);
}

static int integer(napi_env env, napi_value value) {
  int32_t result = 0;
  return napi_get_value_int32(env, value, &result) == napi_ok ? result : -1;
}

/* The memory of a Uint8Array, Buffer or Int32Array; nothing for null and undefined. */
static bytes memory(napi_env env, napi_value value) {
  bytes result = {NULL, 0};
  napi_typedarray_type type;
  bool is_array = false;
  if (napi_is_typedarray(env, value, &is_array) != napi_ok || !is_array) return result;
  napi_get_typedarray_info(env, value, &type, &result.length, &result.data, NULL, NULL);
  if (type == napi_int32_array) result.length *= 4;
  return result;
}

#define CALL(name)                                               \
  static napi_value name(napi_env env, napi_callback_info info) { \
    napi_value args[MAX_ARGS];                                    \
    size_t count = MAX_ARGS;                                      \
    napi_get_cb_info(env, info, &count, args, NULL, NULL);
#define END }
#define INT(n) integer(env, args[n])
#define MEM(n) memory(env, args[n])

/* socket(domain, type, protocol) */
CALL(rawio_socket)
  return answer(env, socket(INT(0), INT(1) | SOCK_CLOEXEC | SOCK_NONBLOCK, INT(2)));
END

/* bind(fd, sockaddr) */
CALL(rawio_bind)
  bytes address = MEM(1);
  return answer(env, bind(INT(0), address.data, address.length));
END

/* connect(fd, sockaddr): -EINPROGRESS is the usual answer */
CALL(rawio_connect)
  bytes address = MEM(1);
  return answer(env, connect(INT(0), address.data, address.length));
END

/* getsockname(fd, into): its length */
CALL(rawio_getsockname)
  bytes into = MEM(1);
  socklen_t length = into.length;
  int result = getsockname(INT(0), into.data, &length);
  return answer(env, result < 0 ? result : (ssize_t)length);
END

/* setsockopt(fd, level, name, value) */
CALL(rawio_setsockopt)
  bytes value = MEM(3);
  return answer(env, setsockopt(INT(0), INT(1), INT(2), value.data, value.length));
END

/* getsockopt(fd, level, name, into): its length */
CALL(rawio_getsockopt)
  bytes into = MEM(3);
  socklen_t length = into.length;
  int result = getsockopt(INT(0), INT(1), INT(2), into.data, &length);
  return answer(env, result < 0 ? result : (ssize_t)length);
END

/* sendmsg(fd, data, sockaddr | null, control | null, flags): bytes sent */
CALL(rawio_sendmsg)
  bytes data = MEM(1), address = MEM(2), control = MEM(3);
  struct iovec part = {data.data, data.length};
  struct msghdr message = {address.data, address.length, &part, 1, control.data, control.length, 0};
  return answer(env, sendmsg(INT(0), &message, INT(4) | MSG_NOSIGNAL | MSG_DONTWAIT));
END

/* What recvmsg tells besides the data: indices of its Int32Array, the same as META in rawio.ts. */
enum { META_ADDRESS_LENGTH, META_FLAGS, META_TTL, META_IFINDEX, META_TOS, META_DESTINATION_LENGTH, META_DESTINATION, META_SIZE = META_DESTINATION + 4 };

static void read_control(struct msghdr *message, int32_t *meta) {
  for (struct cmsghdr *one = CMSG_FIRSTHDR(message); one != NULL; one = CMSG_NXTHDR(message, one)) {
    void *data = CMSG_DATA(one);
    if (one->cmsg_level == IPPROTO_IP && one->cmsg_type == IP_TTL) memcpy(&meta[META_TTL], data, 4);
    if (one->cmsg_level == IPPROTO_IP && one->cmsg_type == IP_TOS) meta[META_TOS] = *(uint8_t *)data;
    if (one->cmsg_level == IPPROTO_IP && one->cmsg_type == IP_PKTINFO) {
      struct in_pktinfo *packet = data;
      meta[META_IFINDEX] = packet->ipi_ifindex;
      meta[META_DESTINATION_LENGTH] = 4;
      memcpy(&meta[META_DESTINATION], &packet->ipi_addr, 4);
    }
    if (one->cmsg_level == IPPROTO_IPV6 && one->cmsg_type == IPV6_HOPLIMIT) memcpy(&meta[META_TTL], data, 4);
    if (one->cmsg_level == IPPROTO_IPV6 && one->cmsg_type == IPV6_TCLASS) memcpy(&meta[META_TOS], data, 4);
    if (one->cmsg_level == IPPROTO_IPV6 && one->cmsg_type == IPV6_PKTINFO) {
      struct in6_pktinfo *packet = data;
      meta[META_IFINDEX] = packet->ipi6_ifindex;
      meta[META_DESTINATION_LENGTH] = 16;
      memcpy(&meta[META_DESTINATION], &packet->ipi6_addr, 16);
    }
  }
}

/*
 * recvmsg(fd, into, sockaddr | null, meta Int32Array | null, flags): bytes received; -1 stands in meta for what was not told.
 * Without MSG_CMSG_CLOEXEC, which packet sockets refuse: nobody passes descriptors to us.
 */
CALL(rawio_recvmsg)
  bytes into = MEM(1), address = MEM(2), meta = MEM(3);
  char control[512] __attribute__((aligned(8)));
  struct iovec part = {into.data, into.length};
  struct msghdr message = {address.data, address.length, &part, 1, control, sizeof control, 0};
  ssize_t result = recvmsg(INT(0), &message, INT(4) | MSG_DONTWAIT);
  if (result >= 0 && meta.length >= META_SIZE * sizeof(int32_t)) {
    int32_t *fields = meta.data;
    memset(fields, 0xff, META_SIZE * sizeof(int32_t));
    fields[META_ADDRESS_LENGTH] = message.msg_namelen;
    fields[META_FLAGS] = message.msg_flags;
    fields[META_DESTINATION_LENGTH] = 0;
    read_control(&message, fields);
  }
  return answer(env, result);
END

CALL(rawio_close)
  return answer(env, close(INT(0)));
END

/* ifIndex(name) */
CALL(rawio_if_index)
  char name[IF_NAMESIZE + 1];
  size_t length = 0;
  if (napi_get_value_string_utf8(env, args[0], name, sizeof name, &length) != napi_ok || length >= IF_NAMESIZE)
    return number(env, -ENODEV);
  unsigned int index = if_nametoindex(name);
  return number(env, index == 0 ? -errno : (int64_t)index);
END

/* A watched descriptor. Freed by libuv's close callback, never while libuv knows it. */
typedef struct {
  uv_poll_t handle;
  napi_env env;
  napi_ref callback;
  napi_async_cleanup_hook_handle hook;
  int events;
  bool stopped;
} watch;

static void on_closed(uv_handle_t *handle) {
  watch *self = handle->data;
  napi_remove_async_cleanup_hook(self->hook);
  free(self);
}

static void stop(watch *self) {
  if (self->stopped) return;
  self->stopped = true;
  napi_delete_reference(self->env, self->callback);
  uv_close((uv_handle_t *)&self->handle, on_closed);
}

/* The environment (a worker, the process) ends with the watch open. */
static void on_cleanup(napi_async_cleanup_hook_handle hook, void *data) {
  (void)hook;
  stop(data);
}

static void on_ready(uv_poll_t *handle, int status, int events);

/*
 * libuv ends a poll on any POLLERR and reports UV_EBADF (an overrun netlink socket, an interface that went down). The socket is
 * fine: arm it again and call back as readable, so that recvmsg takes the real errno off the socket.
 */
static void on_ready(uv_poll_t *handle, int status, int events) {
  watch *self = handle->data;
  napi_env env = self->env;
  napi_handle_scope scope;
  napi_value callback, receiver, argument, error;
  if (status < 0) {
    uv_poll_start(handle, self->events, on_ready);
    events = UV_READABLE;
  }
  napi_open_handle_scope(env, &scope);
  napi_get_reference_value(env, self->callback, &callback);
  napi_get_global(env, &receiver);
  napi_create_int32(env, events, &argument);
  if (napi_make_callback(env, NULL, receiver, callback, 1, &argument, NULL) == napi_pending_exception) {
    napi_get_and_clear_last_exception(env, &error);
    napi_fatal_exception(env, error);
  }
  napi_close_handle_scope(env, scope);
}

/* poll(fd, events, callback): the watch (an external), or -errno. The descriptor must stay open until pollStop. */
CALL(rawio_poll)
  uv_loop_t *loop;
  napi_value result;
  watch *self = calloc(1, sizeof *self);
  if (self == NULL) return number(env, -ENOMEM);
  napi_get_uv_event_loop(env, &loop);
  int failed = uv_poll_init(loop, &self->handle, INT(0));
  if (failed != 0) {
    free(self);
    return number(env, failed);
  }
  self->env = env;
  self->events = INT(1);
  self->handle.data = self;
  napi_create_reference(env, args[2], 1, &self->callback);
  napi_add_async_cleanup_hook(env, on_cleanup, self, &self->hook);
  uv_poll_start(&self->handle, self->events, on_ready);
  napi_create_external(env, self, NULL, NULL, &result);
  return result;
END

/* pollUpdate(watch, events) */
CALL(rawio_poll_update)
  watch *self;
  if (napi_get_value_external(env, args[0], (void **)&self) != napi_ok) return number(env, -EINVAL);
  self->events = INT(1);
  return number(env, uv_poll_start(&self->handle, self->events, on_ready));
END

/* pollStop(watch): once only; the watch must not be used afterwards */
CALL(rawio_poll_stop)
  watch *self;
  if (napi_get_value_external(env, args[0], (void **)&self) != napi_ok) return number(env, -EINVAL);
  stop(self);
  return number(env, 0);
END

NAPI_MODULE_INIT() {
  static const struct {
    const char *name;
    napi_callback call;
  } calls[] = {
      {"socket", rawio_socket},         {"bind", rawio_bind},       {"connect", rawio_connect},
      {"getsockname", rawio_getsockname}, {"setsockopt", rawio_setsockopt}, {"getsockopt", rawio_getsockopt},
      {"sendmsg", rawio_sendmsg},       {"recvmsg", rawio_recvmsg}, {"close", rawio_close},
      {"ifIndex", rawio_if_index},      {"poll", rawio_poll},       {"pollUpdate", rawio_poll_update},
      {"pollStop", rawio_poll_stop},
  };
  for (size_t index = 0; index < sizeof calls / sizeof *calls; index++) {
    napi_value function;
    napi_create_function(env, calls[index].name, NAPI_AUTO_LENGTH, calls[index].call, NULL, &function);
    napi_set_named_property(env, exports, calls[index].name, function);
  }
  return exports;
}
