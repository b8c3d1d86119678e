/* The text of a dumped tree: fields, and constants as repr() shows them. */
#include "ast_dump.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lexer.h"
#include "object/unicode.h"

enum { DUMP_MAX_DEPTH = 3000 };

static void put(Dump *d, const char *text, size_t n) {
    if (d->failed)
        return;
    if (d->capacity - d->length < n) {
        size_t capacity = d->capacity ? d->capacity * 2 : 4096;
        while (capacity - d->length < n)
            capacity *= 2;
        char *grown = arena_realloc_raw(d->arena, d->text, d->capacity, capacity);
        if (!grown) {
            d->failed = 1;
            return;
        }
        d->text = grown;
        d->capacity = capacity;
    }
    memcpy(d->text + d->length, text, n);
    d->length += n;
}

void dump_puts(Dump *d, const char *text) { put(d, text, strlen(text)); }

static void put_int(Dump *d, int value) {
    char buffer[16];
    put(d, buffer, (size_t)snprintf(buffer, sizeof buffer, "%d", value));
}

void dump_field(Dump *d, const char *name) {
    if (!d->failed && d->text[d->length - 1] != '(')
        dump_puts(d, ", ");
    dump_puts(d, name);
    dump_puts(d, "=");
}

void dump_open(Dump *d, const char *name) {
    if (++d->depth > DUMP_MAX_DEPTH)
        d->failed = 1;
    dump_puts(d, name);
    dump_puts(d, "(");
}

void dump_close_plain(Dump *d) {
    d->depth--;
    dump_puts(d, ")");
}

void dump_int_field(Dump *d, const char *name, int value) {
    dump_field(d, name);
    put_int(d, value);
}

void dump_close(Dump *d, Span span) {
    if (d->attributes) {
        dump_int_field(d, "lineno", span.line);
        dump_int_field(d, "col_offset", span.col);
        dump_int_field(d, "end_lineno", span.end_line);
        dump_int_field(d, "end_col_offset", span.end_col);
    }
    dump_close_plain(d);
}

/* ---- constants ---- */

static void put_escape(Dump *d, int code, int bytes) {
    char buffer[16];
    const char *format = code < 0x100 || bytes ? "\\x%02x" : code < 0x10000 ? "\\u%04x" : "\\U%08x";
    put(d, buffer, (size_t)snprintf(buffer, sizeof buffer, format, (unsigned)code));
}

void dump_string(Dump *d, const char *text, size_t n, int bytes) {
    char quote = n && memchr(text, '\'', n) && !memchr(text, '"', n) ? '"' : '\'';
    put(d, &quote, 1);
    for (size_t i = 0; i < n;) {
        int size = 1;
        int code = bytes ? (unsigned char)text[i] : lex_utf8_decode(text + i, &size);
        if (code == quote || code == '\\') {
            char escaped[2] = {'\\', (char)code};
            put(d, escaped, 2);
        } else if (code == '\n' || code == '\r' || code == '\t') {
            dump_puts(d, code == '\n' ? "\\n" : code == '\r' ? "\\r" : "\\t");
        } else if (bytes ? code >= ' ' && code < 0x7F : unicode_is_printable((uint32_t)code)) {
            put(d, text + i, (size_t)size);
        } else {
            put_escape(d, code, bytes);
        }
        i += (size_t)size;
    }
    put(d, &quote, 1);
}

/* Digits of another base in decimal: repeated multiplication over limbs of nine digits. */
static void put_integer(Dump *d, const Expr *e) {
    const char *digits = e->constant.str;
    size_t n = e->constant.length;
    if (e->constant.base == 10) {
        put(d, digits, n);
        return;
    }
    size_t capacity = n / 7 + 2, used = 1;
    uint32_t *limbs = arena_realloc_raw(d->arena, NULL, 0, capacity * sizeof(uint32_t));
    if (!limbs) {
        d->failed = 1;
        return;
    }
    limbs[0] = 0;
    for (size_t i = 0; i < n; i++) {
        char c = digits[i];
        uint64_t carry = (uint64_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
        for (size_t k = 0; k < used; k++) {
            carry += (uint64_t)limbs[k] * e->constant.base;
            limbs[k] = (uint32_t)(carry % 1000000000u);
            carry /= 1000000000u;
        }
        if (carry)
            limbs[used++] = (uint32_t)carry;
    }
    char buffer[16];
    put(d, buffer, (size_t)snprintf(buffer, sizeof buffer, "%u", (unsigned)limbs[used - 1]));
    for (size_t k = used - 1; k-- > 0;)
        put(d, buffer, (size_t)snprintf(buffer, sizeof buffer, "%09u", (unsigned)limbs[k]));
    arena_realloc_raw(d->arena, limbs, capacity * sizeof(uint32_t), 0);
}

/* The shortest digits that read back as the same double, laid out as repr does. */
static void put_double(Dump *d, double value, int with_point) {
    char buffer[40], digits[24];
    if (isinf(value)) {
        dump_puts(d, "inf");
        return;
    }
    for (int precision = 0; precision < 17; precision++) {
        snprintf(buffer, sizeof buffer, "%.*e", precision, value);
        if (strtod(buffer, NULL) == value)
            break;
    }
    int n = 0, exponent = atoi(strchr(buffer, 'e') + 1);
    for (const char *at = buffer; *at != 'e'; at++) {
        if (*at >= '0' && *at <= '9')
            digits[n++] = *at;
    }
    if (exponent < -4 || exponent >= 16) {
        put(d, digits, 1);
        if (n > 1) {
            dump_puts(d, ".");
            put(d, digits + 1, (size_t)(n - 1));
        }
        put(d, buffer, (size_t)snprintf(buffer, sizeof buffer, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent)));
        return;
    }
    if (exponent < 0) {
        dump_puts(d, "0.");
        for (int i = exponent + 1; i < 0; i++)
            dump_puts(d, "0");
        put(d, digits, (size_t)n);
        return;
    }
    for (int i = 0; i <= exponent || i < n; i++) {
        if (i == exponent + 1)
            dump_puts(d, ".");
        put(d, i < n ? &digits[i] : "0", 1);
    }
    if (with_point && n <= exponent + 1)
        dump_puts(d, ".0");
}

void dump_constant(Dump *d, const Expr *e) {
    switch (e->constant.kind) {
    case CONST_NONE:
        dump_puts(d, "None");
        break;
    case CONST_TRUE:
        dump_puts(d, "True");
        break;
    case CONST_FALSE:
        dump_puts(d, "False");
        break;
    case CONST_ELLIPSIS:
        dump_puts(d, "Ellipsis");
        break;
    case CONST_INT:
        put_integer(d, e);
        break;
    case CONST_FLOAT:
        put_double(d, e->constant.number, 1);
        break;
    case CONST_COMPLEX:
        put_double(d, e->constant.number, 0);
        dump_puts(d, "j");
        break;
    case CONST_BYTES:
        dump_puts(d, "b");
        dump_string(d, e->constant.str, e->constant.length, 1);
        break;
    default:
        dump_string(d, e->constant.str, e->constant.length, 0);
        break;
    }
}
