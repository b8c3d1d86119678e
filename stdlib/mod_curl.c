/* _curl: HTTP by libcurl, as urllib.request uses it: one Transfer is one request and its response, which is read as
 * it comes.
 *
 * libcurl runs without the VM's lock and calls back while it does: the callbacks touch nothing but the transfer's own
 * buffers, which are malloc's. When enough has been received that nobody has read, the transfer is paused.
 */
#include "object/containers.h"
#include "runtime/vm.h"
#include "stdlib/init.h"
#include "stdlib/library.h"

#ifdef COVE_WITH_CURL

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "object/bytes.h"
#include "runtime/lock.h"
#include "stdlib/grants.h"

enum {
    UNREAD_MAX = 256 * 1024,   /* bytes kept before the transfer is paused */
    HEADERS_MAX = 1024 * 1024, /* bytes of headers that a response may have */
    SLICE_MS = 250,            /* between looks at interrupts from other threads */
};

typedef struct Curl {
    LIBRARY_FUNCTION(curl_easy_init);
    LIBRARY_FUNCTION(curl_easy_cleanup);
    LIBRARY_FUNCTION(curl_easy_setopt);
    LIBRARY_FUNCTION(curl_easy_getinfo);
    LIBRARY_FUNCTION(curl_easy_pause);
    LIBRARY_FUNCTION(curl_easy_strerror);
    LIBRARY_FUNCTION(curl_multi_init);
    LIBRARY_FUNCTION(curl_multi_cleanup);
    LIBRARY_FUNCTION(curl_multi_add_handle);
    LIBRARY_FUNCTION(curl_multi_remove_handle);
    LIBRARY_FUNCTION(curl_multi_perform);
    LIBRARY_FUNCTION(curl_multi_poll);
    LIBRARY_FUNCTION(curl_multi_info_read);
    LIBRARY_FUNCTION(curl_slist_append);
    LIBRARY_FUNCTION(curl_slist_free_all);
    LIBRARY_FUNCTION(curl_version);
    struct Transfer *open; /* all that hold something of libcurl's */
} Curl;

static const LibrarySymbol symbols[] = {
    LIBRARY_SYMBOL(Curl, curl_easy_init),
    LIBRARY_SYMBOL(Curl, curl_easy_cleanup),
    LIBRARY_SYMBOL(Curl, curl_easy_setopt),
    LIBRARY_SYMBOL(Curl, curl_easy_getinfo),
    LIBRARY_SYMBOL(Curl, curl_easy_pause),
    LIBRARY_SYMBOL(Curl, curl_easy_strerror),
    LIBRARY_SYMBOL(Curl, curl_multi_init),
    LIBRARY_SYMBOL(Curl, curl_multi_cleanup),
    LIBRARY_SYMBOL(Curl, curl_multi_add_handle),
    LIBRARY_SYMBOL(Curl, curl_multi_remove_handle),
    LIBRARY_SYMBOL(Curl, curl_multi_perform),
    LIBRARY_SYMBOL(Curl, curl_multi_poll),
    LIBRARY_SYMBOL(Curl, curl_multi_info_read),
    LIBRARY_SYMBOL(Curl, curl_slist_append),
    LIBRARY_SYMBOL(Curl, curl_slist_free_all),
    LIBRARY_SYMBOL(Curl, curl_version),
    {0},
};

static const LibrarySpec library_spec = {"libcurl.so.4", "libcurl4", symbols};

static Curl *curl(VM *vm) { return vm->module_state[MODULE_SLOT_mod_curl_init]; }

typedef struct Bytebuffer { /* a queue of bytes, malloc'ed */
    char *data;
    size_t start, end, cap;
} Bytebuffer;

typedef struct Transfer {
    Object header;
    CURL *easy;
    CURLM *multi;
    struct curl_slist *request_headers;
    Value body;              /* bytes being sent, or 0 */
    Bytebuffer head, unread; /* the response's lines, each ended by a NUL; what nobody has read */
    char message[CURL_ERROR_SIZE];
    int64_t timeout_us, last_progress; /* 0: no limit */
    CURLcode result;
    bool head_done, finished, paused, no_memory, busy;
    struct Transfer *next, *previous;
} Transfer;

static const TypeSpec transfer_spec;

static Transfer *as_transfer(Value v) { return (Transfer *)as_obj(v); }

static int64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- what libcurl calls, without the lock ---------------------------------------------------------------------- */

static bool queue_add(Bytebuffer *q, const char *data, size_t n) {
    if (q->start == q->end)
        q->start = q->end = 0;
    if (q->end + n > q->cap && q->start) {
        memmove(q->data, q->data + q->start, q->end - q->start);
        q->end -= q->start;
        q->start = 0;
    }
    if (q->end + n > q->cap) {
        size_t cap = 2 * (q->end + n);
        char *grown = realloc(q->data, cap);
        if (!grown)
            return false;
        q->data = grown;
        q->cap = cap;
    }
    memcpy(q->data + q->end, data, n);
    q->end += n;
    return true;
}

static size_t on_header(char *data, size_t size, size_t count, void *arg) {
    Transfer *t = arg;
    size_t n = size * count, length = n;
    t->last_progress = now_us();
    if (t->head_done) /* trailers */
        return n;
    while (length && (data[length - 1] == '\r' || data[length - 1] == '\n'))
        length--;
    if (length == 0) { /* the end, unless it was an interim response */
        const char *code = memchr(t->head.data + t->head.start, ' ', t->head.end - t->head.start);
        t->head_done = !code || code[1] != '1' || strncmp(code + 1, "101", 3) == 0;
        return n;
    }
    if (length > 5 && memcmp(data, "HTTP/", 5) == 0)
        t->head.start = t->head.end = 0;
    if (t->head.end + length > HEADERS_MAX || !queue_add(&t->head, data, length) || !queue_add(&t->head, "", 1)) {
        t->no_memory = true;
        return 0;
    }
    return n;
}

static size_t on_data(char *data, size_t size, size_t count, void *arg) {
    Transfer *t = arg;
    size_t n = size * count;
    t->last_progress = now_us();
    t->head_done = true;
    if (t->unread.end - t->unread.start >= UNREAD_MAX) {
        t->paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    if (!queue_add(&t->unread, data, n)) {
        t->no_memory = true;
        return 0;
    }
    return n;
}

/* ---- the transfer ---------------------------------------------------------------------------------------------- */

static void transfer_close(VM *vm, Transfer *t) {
    Curl *l = curl(vm);
    if (!t->next)
        return;
    if (l->open == t)
        l->open = t->next == t ? NULL : t->next;
    t->next->previous = t->previous;
    t->previous->next = t->next;
    t->next = t->previous = NULL;
    if (t->multi && t->easy)
        l->curl_multi_remove_handle(t->multi, t->easy);
    l->curl_easy_cleanup(t->easy);
    l->curl_multi_cleanup(t->multi);
    l->curl_slist_free_all(t->request_headers);
    free(t->head.data);
    free(t->unread.data);
    t->easy = NULL;
    t->multi = NULL;
    t->request_headers = NULL;
    t->head = t->unread = (Bytebuffer){0};
    t->finished = true;
    set_owned(vm, &t->body, 0);
}

static void transfer_dealloc(VM *vm, Object *self) { transfer_close(vm, (Transfer *)self); }

static bool add_header(VM *vm, Transfer *t, Value line) {
    const char *text = to_c_string(vm, line, "header");
    struct curl_slist *list = text ? curl(vm)->curl_slist_append(t->request_headers, text) : NULL;
    if (!list)
        return text ? raise_memory(vm) : false;
    t->request_headers = list;
    return true;
}

static bool add_headers(VM *vm, Transfer *t, Value lines) {
    Value owner, *items;
    size_t n;
    if (!sequence_view(vm, lines, "headers must be a sequence", &owner, &items, &n))
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++)
        ok = add_header(vm, t, items[i]);
    decref(vm, owner);
    return ok;
}

typedef struct Settings {
    const char *method, *url, *proxy; /* proxy "": none */
    double timeout;                   /* < 0: none */
    int verify;                       /* 0: nothing, 1: the certificate, 2: the host's name in it too */
    Value certificates;               /* bytes in PEM form, or None */
} Settings;

static bool set_options(VM *vm, Transfer *t, const Settings *s) {
    Curl *l = curl(vm);
    CURL *e = t->easy;
    bool ok = true;
#define SET(option, value) ok = l->curl_easy_setopt(e, option, value) == CURLE_OK && ok
    SET(CURLOPT_URL, s->url);
    SET(CURLOPT_CUSTOMREQUEST, s->method);
    SET(CURLOPT_NOBODY, (long)(strcmp(s->method, "HEAD") == 0));
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_HTTP09_ALLOWED, 1L); /* to show the first line of what is not HTTP */
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_PROXY, s->proxy);
    SET(CURLOPT_ERRORBUFFER, t->message);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, t);
    SET(CURLOPT_WRITEFUNCTION, on_data);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_HTTPHEADER, t->request_headers);
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
#if LIBCURL_VERSION_NUM >= 0x075500
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
#else
    SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    if (t->body) {
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)as_bytes(t->body)->len);
        SET(CURLOPT_POSTFIELDS, as_bytes(t->body)->data);
    }
    SET(CURLOPT_SSL_VERIFYPEER, (long)(s->verify > 0));
    SET(CURLOPT_SSL_VERIFYHOST, s->verify > 1 ? 2L : 0L);
    if (is_bytes(s->certificates)) {
        struct curl_blob blob = {as_bytes(s->certificates)->data, as_bytes(s->certificates)->len, CURL_BLOB_COPY};
        SET(CURLOPT_CAINFO_BLOB, &blob);
    }
    if (s->timeout >= 0) {
        t->timeout_us = s->timeout < 1e9 ? (int64_t)(s->timeout * 1e6) + 1 : 0;
        SET(CURLOPT_CONNECTTIMEOUT_MS, (long)(s->timeout < 1e6 ? s->timeout * 1000 + 1 : 0));
    }
#undef SET
    return ok || raisef(vm, vm->exc.OSError, "libcurl refused a setting");
}

static bool transfer_open(VM *vm, Transfer *t, const Settings *s, Value headers, Value body) {
    Curl *l = curl(vm);
    t->next = l->open ? l->open : t;
    t->previous = l->open ? l->open->previous : t;
    t->next->previous = t->previous->next = t;
    l->open = t;
    t->easy = l->curl_easy_init();
    t->multi = l->curl_multi_init();
    if (!t->easy || !t->multi)
        return raise_memory(vm);
    if (!is_none(body)) {
        if (!is_bytes(body))
            return raise_type(vm, "the body must be bytes, not %T", body);
        t->body = incref(body);
    }
    if (!add_headers(vm, t, headers) || !set_options(vm, t, s))
        return false;
    return l->curl_multi_add_handle(t->multi, t->easy) == CURLM_OK || raise_memory(vm);
}

static Value transfer_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    if (!grant_check(vm, GRANT_NETWORK))
        return VALUE_ERROR;
    Value v[8] = {0};
    if (!native_bind(vm, "Transfer", "method, url, headers, body, timeout, proxy, verify, certificates", args, nargs,
                     kwnames, v, 8))
        return VALUE_ERROR;
    Settings s = {.timeout = -1, .certificates = v[7]};
    if (!to_c_int(vm, v[6], &s.verify) || !(s.method = to_c_string(vm, v[0], "method")) ||
        !(s.url = to_c_string(vm, v[1], "url")) || !(s.proxy = to_c_string(vm, v[5], "proxy")) ||
        (!is_none(v[4]) && !to_double(vm, v[4], &s.timeout)))
        return VALUE_ERROR;
    Transfer *t = object_alloc(vm, type, 0);
    if (!t)
        return VALUE_ERROR;
    if (transfer_open(vm, t, &s, v[2], v[3]))
        return from_obj(t);
    obj_decref(vm, &t->header);
    return VALUE_ERROR;
}

/* ---- running --------------------------------------------------------------------------------------------------- */

/* Raises what the transfer failed with: an error of the system's, or OSError with libcurl's code as a negative errno,
 * for urllib.request to word. */
static bool failed(VM *vm, Transfer *t) {
    Curl *l = curl(vm);
    long os_error = 0;
    if (t->no_memory || t->result == CURLE_OUT_OF_MEMORY)
        return raise_memory(vm);
    l->curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &os_error);
    if (t->result == CURLE_OPERATION_TIMEDOUT)
        return raisef(vm, vm->exc.TimeoutError, "timed out");
    if (os_error &&
        (t->result == CURLE_COULDNT_CONNECT || t->result == CURLE_RECV_ERROR || t->result == CURLE_SEND_ERROR))
        return raise_os_error(vm, (int)os_error, 0);
    const char *text = t->message[0] ? t->message : l->curl_easy_strerror(t->result);
    Value message = str_decode(vm, text, strlen(text), "utf-8", "replace"), error = VALUE_ERROR;
    if (message)
        error = call2(vm, type_value(vm->exc.OSError), int_from_int64(vm, -(int64_t)t->result), message);
    decref(vm, message);
    return raise_new(vm, error);
}

/* One step: waits until something can be done and does it. */
static bool step(VM *vm, Transfer *t) {
    Curl *l = curl(vm);
    int running = 1, left, wait = SLICE_MS;
    CURLMsg *message;
    if (t->timeout_us) {
        int64_t rest = t->last_progress + t->timeout_us - now_us();
        if (rest <= 0)
            return raisef(vm, vm->exc.TimeoutError, "timed out");
        wait = rest / 1000 + 1 < wait ? (int)(rest / 1000 + 1) : wait;
    }
    t->busy = true;
    WITHOUT_LOCK(vm, {
        l->curl_multi_perform(t->multi, &running);
        if (running && !t->paused && t->unread.start == t->unread.end)
            l->curl_multi_poll(t->multi, NULL, 0, wait, NULL);
    });
    t->busy = false;
    while ((message = l->curl_multi_info_read(t->multi, &left))) {
        if (message->msg == CURLMSG_DONE) {
            t->finished = true;
            t->result = message->data.result;
        }
    }
    return !vm_interrupted(vm) || vm_safepoint(vm);
}

static bool usable(VM *vm, Transfer *t) {
    if (t->busy)
        return raise_runtime(vm, "another thread is using this transfer");
    return t->easy || t->finished || raise_value(vm, "I/O operation on closed transfer");
}

/* The lines of the head: the status line first. */
static Value start(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Transfer *t = as_transfer(self);
    if (!usable(vm, t))
        return VALUE_ERROR;
    t->last_progress = now_us();
    while (!t->head_done && !t->finished) {
        if (!step(vm, t))
            return VALUE_ERROR;
    }
    if (!t->head_done && t->result != CURLE_OK)
        return failed(vm, t);
    Value list = list_new(vm, 0);
    const char *p = t->head.data + t->head.start, *end = t->head.data + t->head.end;
    while (list && p < end) {
        size_t n = strlen(p);
        Value line = str_decode(vm, p, n, "latin-1", "strict");
        if (!line || !list_append_steal(vm, list, line)) {
            decref(vm, list);
            return VALUE_ERROR;
        }
        p += n + 1;
    }
    return list;
}

/* Has the request gone out? What fails before is the connection's fault. */
static Value sent(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Transfer *t = as_transfer(self);
    long size = 0;
    if (t->easy)
        curl(vm)->curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &size);
    return from_bool(size > 0);
}

/* Up to n bytes as soon as there are some; b'' at the end. */
static Value read_some(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Transfer *t = as_transfer(self);
    ssize_t most;
    if (!to_ssize(vm, args[0], &most) || !usable(vm, t))
        return VALUE_ERROR;
    t->last_progress = now_us();
    while (t->unread.start == t->unread.end && !t->finished) {
        if (t->paused) {
            t->paused = false;
            WITHOUT_LOCK(vm, curl(vm)->curl_easy_pause(t->easy, CURLPAUSE_CONT));
            continue;
        }
        if (!step(vm, t))
            return VALUE_ERROR;
    }
    size_t n = t->unread.end - t->unread.start;
    if (n == 0 && t->result != CURLE_OK)
        return failed(vm, t);
    if (most >= 0 && (size_t)most < n)
        n = (size_t)most;
    Value result = n ? bytes_new(vm, t->unread.data + t->unread.start, n) : incref(vm->empty_bytes);
    if (result)
        t->unread.start += n;
    return result;
}

static Value close_method(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (as_transfer(self)->busy)
        return raise_runtime(vm, "another thread is using this transfer");
    transfer_close(vm, as_transfer(self));
    return VALUE_NONE;
}

static const MethodSpec transfer_methods[] = {
    {"start", start, "", "Send the request; the lines of the response's head.", 0},
    {"sent", sent, "", "Whether the request has been sent.", 0},
    {"read", read_some, "n, /", "Up to n bytes of the response, as soon as there are some.", 0},
    {"close", close_method, "", "Give the connection up.", 0},
    {0},
};

static const TypeSpec transfer_spec = {
    .name = "_curl.Transfer",
    .doc = "One HTTP request and its response.",
    .signature = "method, url, headers, body, timeout, proxy, verify, certificates",
    .size = sizeof(Transfer),
    .flags = TYPE_IMMUTABLE | TYPE_NO_WEAKREF,
    .kind = KIND_OTHER,
    .slots = {.dealloc = transfer_dealloc, .create = transfer_create},
    .methods = transfer_methods,
};

/* ---- the module ------------------------------------------------------------------------------------------------ */

static void at_end(VM *vm, void *arg) {
    Curl *l = arg;
    while (l->open)
        transfer_close(vm, l->open);
}

bool mod_curl_init(VM *vm, Value module) {
    Curl *l = mem_zalloc(vm, sizeof *l);
    if (!l)
        return false;
    if (!library_open(vm, "urllib.request", &library_spec, l)) {
        mem_free(vm, l, sizeof *l);
        return false;
    }
    vm->module_state[MODULE_SLOT_mod_curl_init] = l;
    Type *type = vm_type(vm, &transfer_spec, NULL);
    return type && vm_at_end(vm, at_end, l) && module_add(vm, module, "Transfer", incref(type_value(type))) &&
           module_add(vm, module, "version", str_from_c(vm, l->curl_version()));
}

#else

bool mod_curl_init(VM *vm, Value module) { return library_left_out(vm, "urllib.request", "libcurl4-openssl-dev"); }

#endif
