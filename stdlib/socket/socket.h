/* What the files of the module _socket share: the socket object, addresses, and calls that may have to wait. */
#ifndef COVE_STDLIB_SOCKET_H
#define COVE_STDLIB_SOCKET_H

#include <errno.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <sys/un.h>
#if defined(__linux__)
#include <linux/netlink.h>
#endif

#include "object/bytes.h"
#include "runtime/lock.h"
#include "stdlib/init.h"
#include "stdlib/mod_posix.h"
#include "stdlib/module_tools.h"
#include "stdlib/wait.h"

typedef struct Socket {
    Object header;
    int fd; /* -1: closed or detached */
    int family, type, proto;
    int64_t timeout; /* nanoseconds; -1: waits for ever (then, and only then, the descriptor is a blocking one) */
} Socket;

static inline Socket *as_socket(Value v) { return (Socket *)as_obj(v); }

typedef struct SocketState { /* of the module in one VM */
    int64_t default_timeout;
    Type *type, *gaierror, *herror;
} SocketState;
SocketState *socket_state(VM *vm);
extern const TypeSpec socket_spec;

typedef struct SocketAddress {
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
#if defined(__linux__)
        struct sockaddr_nl nl;
#endif
        struct sockaddr_storage storage;
    };
    socklen_t len;
} SocketAddress;

/* address.c: a script's form of an address to the system's and back. `function` is for messages. */
bool address_parse(VM *vm, const Socket *s, Value v, const char *function, SocketAddress *out);
Value address_value(VM *vm, const SocketAddress *a); /* None for an empty one */
Value address_host(VM *vm, const SocketAddress *a);  /* the numeric host of AF_INET and AF_INET6 */
/* A name or number as an address of the family (AF_UNSPEC: any); asks the resolver without the lock. */
bool address_resolve(VM *vm, const char *name, int family, SocketAddress *out);
/* Text or bytes as a host name, owned bytes: names beyond ASCII are encoded by IDNA. */
Value address_name(VM *vm, Value v);
Value raise_gaierror(VM *vm, int code); /* for errno too if that is EAI_SYSTEM */

/* transfer.c: calls that may wait. An attempt returns -1 with errno, EAGAIN when it would have to wait. */
typedef ssize_t (*SocketAttempt)(int fd, void *data);
/* Repeats the attempt as the socket's timeout says, waiting for `events` in between; -1 with an exception. `release`:
 * make the attempt itself without the lock, because it takes long, or blocks where waiting is not possible. *deadline
 * is 0 at first; calls that share their time share it. */
ssize_t socket_try(VM *vm, Socket *s, short events, SocketAttempt attempt, void *data, bool release,
                   int64_t *deadline);
bool socket_set_blocking(VM *vm, int fd, bool blocking);
#define DECLARE(name) Value socket_##name(NATIVE_ARGS)
DECLARE(recv);
DECLARE(recvfrom);
DECLARE(recv_into);
DECLARE(recvfrom_into);
DECLARE(send);
DECLARE(sendall);
DECLARE(sendto);
DECLARE(recvmsg); /* message.c */
DECLARE(recvmsg_into);
DECLARE(sendmsg);
DECLARE(getsockopt);
DECLARE(setsockopt);
#undef DECLARE
extern const MethodSpec socket_resolver_functions[], socket_inet_functions[];
/* Transfers longer than this do not keep the lock. */
#define SOCKET_SHORT 65536

bool socket_add_constants(VM *vm, Value module);
Value socket_new(VM *vm, int fd, int family, int type, int proto); /* closes fd on failure */

static inline Value socket_fail(VM *vm) { return posix_fail(vm); }

#endif
