/* The standard files of a VM whose host takes the output and gives the input: the usual text and buffer layers over a
 * raw stream that calls the host. */
#include "api/api.h"

#include <errno.h>

#include "object/buffer.h"
#include "object/instance.h"
#include "stdlib/init.h"
#include "stdlib/io/io.h"
#include "stdlib/mod_sys.h"
#include "stdlib/grants.h"

typedef struct HostStream {
    Object header;
    cove_write_fn write;
    cove_read_fn read;
    void *user;
    bool input;
} HostStream;

static HostStream *as_stream(Value v) { return (HostStream *)as_obj(v); }

static Value stream_write(NATIVE_ARGS) {
    HostStream *s = as_stream(self);
    Buffer b;
    if (s->write == NULL)
        return io_unsupported(vm, "write");
    if (!buffer_get(vm, args[0], &b, false))
        return VALUE_ERROR;
    bool ok = s->write(s->user, b.data, b.len);
    Value n = int_from_ssize(vm, (ssize_t)b.len);
    buffer_release(vm, &b);
    return ok ? n : raise_os_error(vm, EIO, 0);
}

static Value stream_readinto(NATIVE_ARGS) {
    HostStream *s = as_stream(self);
    Buffer b;
    if (!s->input)
        return io_unsupported(vm, "read");
    if (!buffer_get(vm, args[0], &b, true))
        return VALUE_ERROR;
    ptrdiff_t n = s->read == NULL ? 0 : s->read(s->user, b.data, b.len);
    bool ok = n >= 0 && (size_t)n <= b.len;
    buffer_release(vm, &b);
    return ok ? int_from_ssize(vm, n) : raise_os_error(vm, EIO, 0);
}

static Value stream_readable(NATIVE_ARGS) { return from_bool(as_stream(self)->input); }
static Value stream_writable(NATIVE_ARGS) { return from_bool(as_stream(self)->write != NULL); }

static const MethodSpec stream_methods[] = {
    {"write", stream_write, "b, /", "Gives bytes to the program.", 0},
    {"readinto", stream_readinto, "buffer, /", "Gets bytes from the program.", 0},
    {"readable", stream_readable, "", "Can it be read from?", 0},
    {"writable", stream_writable, "", "Can it be written to?", 0},
    {0},
};

static const TypeSpec stream_spec = {
    .name = "cove.stream",
    .doc = "A stream to or from the program that Cove is part of.",
    .size = sizeof(HostStream),
    .flags = TYPE_NO_NEW,
    .kind = KIND_OTHER,
    .methods = stream_methods,
};

static Value text_of(VM *vm, IoTypes *t, Value raw, bool input, const char *errors) {
    Value buffered = buffered_new(vm, input ? t->reader : t->writer, raw, IO_BUFFER_SIZE);
    Value newline = buffered == 0 ? 0 : input ? VALUE_NONE : str_from_c(vm, "\n");
    Value text = newline == 0 ? 0 : text_new(vm, buffered, "utf-8", errors, newline, !input, false);
    Value mode = text == 0 ? 0 : str_from_c(vm, input ? "r" : "w");
    if (text != 0 && (mode == 0 || !instance_set(vm, as_obj(text), t->text, NAME(mode), mode)))
        set_owned(vm, &text, 0);
    decref(vm, mode);
    decref(vm, newline);
    decref(vm, buffered);
    return text;
}

static bool make(VM *vm, const char *name, const char *original, const char *errors, cove_write_fn write,
                 cove_read_fn read, bool input) {
    IoTypes *t = io_types(vm);
    Type *type = t == NULL ? NULL : vm_type(vm, &stream_spec, t->rawbase);
    HostStream *s = type == NULL ? NULL : object_alloc(vm, type, 0);
    if (s == NULL)
        return false;
    s->write = write;
    s->read = read;
    s->input = input;
    s->user = vm->host->config.io_user;
    Value text = text_of(vm, t, from_obj(s), input, errors);
    obj_decref(vm, &s->header);
    return text != 0 && sys_set(vm, original, incref(text)) && sys_set(vm, name, text);
}

uint8_t host_streams_of(const VM *vm, const cove_config *c) {
    bool input = c->read_input != NULL || !(vm->grants & GRANT_FILES);
    return (uint8_t)(input | (c->write_output != NULL) << 1 | (c->write_error != NULL) << 2);
}

bool host_streams_install(VM *vm) {
    const cove_config *c = &vm->host->config;
    uint8_t own = vm->host_streams;
    return (!(own & 1) || make(vm, "stdin", "__stdin__", "strict", NULL, c->read_input, true)) &&
           (!(own & 2) || make(vm, "stdout", "__stdout__", "strict", c->write_output, NULL, false)) &&
           (!(own & 4) || make(vm, "stderr", "__stderr__", "backslashreplace", c->write_error, NULL, false));
}
