/* The _io module: open(), the types, and the standard files. */
#include <errno.h>
#include <unistd.h>

#include "object/containers.h"
#include "object/instance.h"
#include "stdlib/init.h"
#include "stdlib/io/io.h"
#include "stdlib/mod_posix.h"

/* A class like those of scripts, made when somebody needs it: that costs more than all the native types. */
static Type *unsupported_type_new(VM *vm) {
    Value bases = tuple_pack(vm, 2, type_value(vm->exc.OSError), type_value(vm->exc.ValueError));
    Value name = str_from_c(vm, "UnsupportedOperation"), ns = dict_new(vm), module = str_from_c(vm, "io");
    Value doc = str_from_c(vm, "The file is not one that can do this."), type = 0;
    if (bases != 0 && name != 0 && ns != 0 && module != 0 && doc != 0 && dict_set_c(vm, ns, "__module__", module) &&
        dict_set_c(vm, ns, "__doc__", doc))
        type = type_create(vm, vm->types.type, name, bases, ns, NULL, 0);
    decref(vm, bases);
    decref(vm, name);
    decref(vm, ns);
    decref(vm, module);
    decref(vm, doc);
    return type == 0 ? NULL : as_type(vm_keep(vm, type));
}

Type *io_unsupported_type(VM *vm) {
    IoTypes *t = io_types(vm);
    if (t != NULL && t->unsupported == NULL)
        t->unsupported = unsupported_type_new(vm);
    return t != NULL ? t->unsupported : NULL;
}

IoTypes *io_types(VM *vm) {
    IoTypes *t = vm->module_state[MODULE_SLOT_mod_io_init];
    if (t != NULL)
        return t;
    t = mem_zalloc(vm, sizeof *t);
    if (t == NULL)
        return NULL;
    bool ok = (t->iobase = vm_type(vm, &iobase_spec, vm->types.object)) != NULL &&
              (t->rawbase = vm_type(vm, &rawiobase_spec, t->iobase)) != NULL &&
              (t->bufferedbase = vm_type(vm, &bufferediobase_spec, t->iobase)) != NULL &&
              (t->textbase = vm_type(vm, &textiobase_spec, t->iobase)) != NULL &&
              (t->fileio = vm_type(vm, &fileio_spec, t->rawbase)) != NULL &&
              (t->reader = vm_type(vm, &bufferedreader_spec, t->bufferedbase)) != NULL &&
              (t->writer = vm_type(vm, &bufferedwriter_spec, t->bufferedbase)) != NULL &&
              (t->random = vm_type(vm, &bufferedrandom_spec, t->bufferedbase)) != NULL &&
              (t->rwpair = vm_type(vm, &bufferedrwpair_spec, t->bufferedbase)) != NULL &&
              (t->bytesio = vm_type(vm, &bytesio_spec, t->bufferedbase)) != NULL &&
              (t->bytesio_contents = vm_type(vm, &bytesio_contents_spec, vm->types.object)) != NULL &&
              (t->stringio = vm_type(vm, &stringio_spec, t->textbase)) != NULL &&
              (t->text = vm_type(vm, &textiowrapper_spec, t->textbase)) != NULL &&
              (t->decoder = vm_type(vm, &newline_decoder_spec, vm->types.object)) != NULL;
    if (!ok) {
        mem_free(vm, t, sizeof *t);
        return NULL;
    }
    vm->module_state[MODULE_SLOT_mod_io_init] = t;
    return t;
}

/* --- open()
 * ----------------------------------------------------------------------------------------------------------------------
 */

typedef struct OpenMode {
    char raw[8];
    bool text, binary, reading, writing, updating;
} OpenMode;

static bool parse_open_mode(VM *vm, Value mode, OpenMode *m) {
    memset(m, 0, sizeof *m);
    const char *s = mode == 0 ? "r" : str_data(mode);
    int kinds = 0, n = 0;
    for (const char *c = s; *c != 0; c++) {
        if (strchr("axrwb+t", *c) == NULL || strchr(c + 1, *c) != NULL)
            return raise_value(vm, "invalid mode: '%s'", s);
        m->text |= *c == 't';
        m->binary |= *c == 'b';
        m->reading |= *c == 'r';
        m->writing |= *c == 'w' || *c == 'a' || *c == 'x';
        m->updating |= *c == '+';
        kinds += strchr("axrw", *c) != NULL;
        if (*c != 't' && *c != 'b')
            m->raw[n++] = *c;
    }
    if (m->text && m->binary)
        return raise_value(vm, "can't have text and binary mode at once");
    if (kinds != 1)
        return raise_value(vm, kinds > 1
                                   ? "must have exactly one of create/read/write/append mode"
                                   : "Must have exactly one of create/read/write/append mode and at most one plus");
    return true;
}

static bool check_open_arguments(VM *vm, const OpenMode *m, Value *v) {
    static const char *const names[] = {"encoding", "errors", "newline"};
    for (int i = 0; i < 3; i++) {
        Value a = v[3 + i];
        if (a == 0 || a == VALUE_NONE)
            continue;
        if (!is_str(a))
            return raise_type(vm, "open() argument '%s' must be str or None, not %T", names[i], a);
        if (m->binary)
            return raise_value(vm, "binary mode doesn't take %s argument",
                               i == 0   ? "an encoding"
                               : i == 1 ? "an errors"
                                        : "a newline");
    }
    return true;
}

static Value io_open(NATIVE_ARGS) {
    IoTypes *t = io_types(vm);
    OpenMode m;
    int buffering = -1, closefd = args[6] == 0 ? 1 : truth(vm, args[6]);
    if (t == NULL || closefd < 0)
        return VALUE_ERROR;
    if (args[1] != 0 && !is_str(args[1]))
        return raise_type(vm, "open() argument 'mode' must be str, not %T", args[1]);
    if (!parse_open_mode(vm, args[1], &m) || !check_open_arguments(vm, &m, args) ||
        (args[2] != 0 && !to_c_int(vm, args[2], &buffering)))
        return VALUE_ERROR;
    if (m.binary && buffering == 1 &&
        !warn(vm, vm->exc.RuntimeWarning, 1,
              "line buffering (buffering=1) isn't supported in binary mode, the default buffer size will be used"))
        return VALUE_ERROR;
    /* The path is asked for here, so that it is its text that is the file's name and in errors. */
    const Type *given = fast_type(vm, args[0]);
    bool number = given->slots.index != NULL || given->numbers.to_int != NULL || given->numbers.to_float != NULL;
    Value file = number ? incref(args[0]) : posix_fspath(vm, args[0]);
    Value raw = file == 0 ? 0 : fileio_open(vm, file, m.raw, closefd, args[7]);
    decref(vm, file);
    if (raw == 0)
        return VALUE_ERROR;
    bool terminal = isatty(((FileIO *)as_obj(raw))->fd);
    bool lines = buffering == 1 || (buffering < 0 && terminal);
    if (buffering == 0) {
        if (m.binary)
            return raw;
        decref(vm, raw);
        return raise_value(vm, "can't have unbuffered text I/O");
    }
    size_t size = buffering > 1 ? (size_t)buffering : IO_BUFFER_SIZE;
    Type *type = m.updating ? t->random : m.writing ? t->writer : t->reader;
    Value buffered = buffered_new(vm, type, raw, size);
    decref(vm, raw);
    if (buffered == 0 || m.binary)
        return buffered;
    const char *encoding = args[3] == 0 || args[3] == VALUE_NONE ? NULL : str_data(args[3]);
    const char *errors = args[4] == 0 || args[4] == VALUE_NONE ? NULL : str_data(args[4]);
    Value text = text_new(vm, buffered, encoding, errors, args[5], lines, false);
    decref(vm, buffered);
    if (text == 0)
        return VALUE_ERROR;
    Value mode = args[1] == 0 ? str_from_c(vm, "r") : incref(args[1]);
    bool ok = mode != 0 && attr_set(vm, text, NAME(mode), mode);
    decref(vm, mode);
    if (!ok)
        set_owned(vm, &text, 0);
    return text;
}

static Value io_open_code(NATIVE_ARGS) {
    Value mode = str_from_c(vm, "rb");
    Value all[8] = {args[0], mode, 0, 0, 0, 0, 0, 0};
    Value r = mode == 0 ? 0 : io_open(vm, self, all, 8, 0);
    decref(vm, mode);
    return r;
}

static Value io_text_encoding(NATIVE_ARGS) {
    return args[0] == VALUE_NONE ? str_from_c(vm, "locale") : incref(args[0]);
}

static const MethodSpec functions[] = {
    {"open", io_open,
     "file, mode='r', buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None",
     "Opens a file and returns it: text or binary, for reading, writing, appending or creating.", 0},
    {"open_code", io_open_code, "path", "Opens a file that holds code, for reading bytes.", 0},
    {"text_encoding", io_text_encoding, "encoding, stacklevel=2, /", "The encoding to use where none was given.", 0},
    {0},
};

bool mod_io_init(VM *vm, Value module) {
    IoTypes *t = io_unsupported_type(vm) != NULL ? io_types(vm) : NULL;
    if (t == NULL || !module_add_functions(vm, module, functions))
        return false;
    struct {
        const char *name;
        Type *type;
    } rows[] = {{"_IOBase", t->iobase},
                {"_RawIOBase", t->rawbase},
                {"_BufferedIOBase", t->bufferedbase},
                {"_TextIOBase", t->textbase},
                {"FileIO", t->fileio},
                {"BytesIO", t->bytesio},
                {"StringIO", t->stringio},
                {"BufferedReader", t->reader},
                {"BufferedWriter", t->writer},
                {"BufferedRandom", t->random},
                {"BufferedRWPair", t->rwpair},
                {"TextIOWrapper", t->text},
                {"IncrementalNewlineDecoder", t->decoder},
                {"UnsupportedOperation", t->unsupported},
                {"BlockingIOError", vm->exc.BlockingIOError}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (!module_add(vm, module, rows[i].name, incref(type_value(rows[i].type))))
            return false;
    return module_add(vm, module, "DEFAULT_BUFFER_SIZE", from_small_int(IO_BUFFER_SIZE));
}

/* --- the standard files
 * ------------------------------------------------------------------------------------------------------------- */

static Value std_file(VM *vm, int fd, const char *name, const char *errors) {
    IoTypes *t = io_types(vm);
    if (t == NULL)
        return VALUE_ERROR;
    Value raw = fileio_open(vm, from_small_int(fd), fd == 0 ? "r" : "w", false, 0);
    if (raw == 0) {
        if (!error_matches(vm, vm->exc.OSError))
            return VALUE_ERROR;
        error_clear(vm); /* closed by whoever started us, or a directory */
        return VALUE_NONE;
    }
    Value label = str_from_c(vm, name);
    if (label == 0) {
        decref(vm, raw);
        return VALUE_ERROR;
    }
    set_owned(vm, &((FileIO *)as_obj(raw))->name, label);
    bool through = vm->flags.unbuffered && fd != 0, lines = !through && (fd == 2 || isatty(fd));
    Value buffer = through ? incref(raw) : buffered_new(vm, fd == 0 ? t->reader : t->writer, raw, IO_BUFFER_SIZE);
    decref(vm, raw);
    Value nl = fd == 0 ? VALUE_NONE : str_from_c(vm, "\n");
    Value text = buffer == 0 || nl == 0 ? 0 : text_new(vm, buffer, "utf-8", errors, nl, lines, through);
    decref(vm, nl);
    decref(vm, buffer);
    if (text == 0)
        return VALUE_ERROR;
    Value mode = str_from_c(vm, fd == 0 ? "r" : "w");
    if (mode == 0 || !instance_set(vm, as_obj(text), t->text, NAME(mode), mode))
        set_owned(vm, &text, 0);
    decref(vm, mode);
    return text;
}

bool io_setup_std(VM *vm) {
    static const char *const names[3] = {"stdin", "stdout", "stderr"}, *const originals[3] = {
                                                                           "__stdin__", "__stdout__", "__stderr__"};
    static const char *const labels[3] = {"<stdin>", "<stdout>", "<stderr>"}, *const errors[3] = {"strict", "strict",
                                                                                                  "backslashreplace"};
    for (int fd = 0; fd < 3; fd++) {
        if (vm->host_streams & 1 << fd)
            continue;
        Value file = std_file(vm, fd, labels[fd], errors[fd]);
        bool ok = file != 0 && dict_set_c(vm, vm->sys_dict, names[fd], file) &&
                  dict_set_c(vm, vm->sys_dict, originals[fd], file);
        decref(vm, file);
        if (!ok)
            return false;
    }
    return true;
}
