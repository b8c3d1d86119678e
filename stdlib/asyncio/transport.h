/* Byte streams over sockets: transport.c has the object and its states, transport_io.c reading and writing. */
#ifndef COVE_STDLIB_ASYNCIO_TRANSPORT_H
#define COVE_STDLIB_ASYNCIO_TRANSPORT_H

#include "stdlib/asyncio/asyncio.h"

/* Invariants: the loop watches fd for reading while the transport is neither closing nor paused (from the turn after
 * connection_made on), and for writing exactly while `out` holds something. After connection_lost, sock, protocol and
 * server are gone. */
typedef struct Transport {
    Object header;
    Value loop, sock, protocol, server; /* 0: gone or none */
    Value extra;                        /* dict */
    Value empty_waiter;                 /* Future that waits until everything is written, or 0 */
    char *out;                          /* bytes to be written: out_len of them, from out_start on */
    size_t out_start, out_len, out_cap;
    size_t high, low; /* limits at which the protocol is told to pause and resume writing */
    int fd;
    uint32_t conn_lost; /* 0: connected; then counts vain writes too */
    bool closing, paused, eof, protocol_paused, connected;
    bool buffered; /* the protocol supplies the buffers for reading */
} Transport;

static ALWAYS_INLINE Transport *as_transport(Value v) { return (Transport *)as_obj(v); }

bool transport_call_soon(VM *vm, Value self, const char *method, Value *arg); /* arg NULL: no argument */
bool transport_start_reading(VM *vm, Value self);
bool transport_close(VM *vm, Value self);
/* The pending exception ends the connection; what is not the network's doing is reported with the message. False:
 * the exception (SystemExit and the like, or another) goes on. */
bool transport_fatal(VM *vm, Value self, const char *message);
bool transport_force_close(VM *vm, Value self, Value exc);
bool transport_lost(VM *vm, Value self, Value exc);
bool transport_maybe_pause(VM *vm, Value self);
bool transport_maybe_resume(VM *vm, Value self);
void transport_drop_output(VM *vm, Transport *t);
/* protocol.name(arg) or without argument (0); owned result. */
Value transport_tell(VM *vm, Value self, Value name, Value arg);

#define TRANSPORT_METHOD(name, function, signature, doc) Value function(NATIVE_ARGS);
#include "stdlib/asyncio/transport_methods.def"
#undef TRANSPORT_METHOD

#endif
