/* Changes of scripts that leave most of them scripts: libFuzzer's own, on bytes, seldom get past the parser.
 *
 * A line is deleted, doubled or moved; a word or number is replaced by another one of the same text, or by an
 * awkward value. Every fourth change is one of libFuzzer's, with its dictionary. */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "fuzz.h"

typedef struct Span {
    size_t from, to;
} Span;

/* As a linear congruence goes: good enough, and the same for a seed everywhere. */
static uint32_t draw(uint32_t *state, size_t below) {
    *state = *state * 1664525u + 1013904223u;
    return below == 0 ? 0 : (uint32_t)((*state >> 8) % below);
}

static bool is_word(uint8_t c) { return isalnum(c) || c == '_' || c >= 0x80; }

static Span line_at(const uint8_t *text, size_t size, size_t at) {
    Span s = {at, at};
    while (s.from > 0 && text[s.from - 1] != '\n')
        s.from--;
    while (s.to < size && text[s.to] != '\n')
        s.to++;
    s.to += s.to < size;
    return s;
}

/* The word at or behind a place; else empty. */
static Span word_at(const uint8_t *text, size_t size, size_t at) {
    while (at < size && !is_word(text[at]))
        at++;
    Span s = {at, at};
    while (s.from > 0 && is_word(text[s.from - 1]))
        s.from--;
    while (s.to < size && is_word(text[s.to]))
        s.to++;
    return s;
}

/* Puts n bytes, which do not lie in the text, in the place of a part of it. */
static size_t put(uint8_t *text, size_t size, size_t room, Span place, const void *what, size_t n) {
    size_t rest = size - place.to;
    if (place.from + n + rest > room)
        return size;
    memmove(text + place.from + n, text + place.to, rest);
    memcpy(text + place.from, what, n);
    return place.from + n + rest;
}

static size_t put_own(uint8_t *text, size_t size, size_t room, Span place, Span source) {
    uint8_t copy[512];
    size_t n = source.to - source.from;
    if (n > sizeof copy)
        return size;
    memcpy(copy, text + source.from, n);
    return put(text, size, room, place, copy, n);
}

static const char *const awkward[] = {
    "0",
    "1",
    "-1",
    "2",
    "63",
    "64",
    "10**9",
    "2**31",
    "2**47",
    "2**63",
    "2**64",
    "1e308",
    "0.5",
    "10**4000",
    "None",
    "True",
    "''",
    "b''",
    "()",
    "[]",
    "{}",
    "'\\ud800'",
    "'é€𝄞' * 999",
    "float('nan')",
    "range(10**6)",
    "lambda *a: a",
    "object()",
    "type",
    "self",
    "iter([1, 2])",
    "print",
    "NotImplemented",
    "...",
    "bytearray(9)",
    "slice(None, None, -1)",
    "globals()",
    "int",
};

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed) {
    uint32_t state = seed;
    draw(&state, 1);
    size_t at = draw(&state, size + 1), other = draw(&state, size + 1);
    Span nothing = {other, other}, line = line_at(data, size, at), word = word_at(data, size, at);
    switch (size == 0 ? 7 : draw(&state, 8)) {
    case 0:
        return put(data, size, room, line, "", 0);
    case 1:
        nothing.from = nothing.to = line_at(data, size, other).from;
        return put_own(data, size, room, nothing, line);
    case 2:
    case 3:
        return put_own(data, size, room, word, word_at(data, size, other));
    case 4:
    case 5: {
        const char *value = awkward[draw(&state, sizeof awkward / sizeof *awkward)];
        return put(data, size, room, word, value, strlen(value));
    }
    default:
        return LLVMFuzzerMutate(data, size, room);
    }
}

/* Some lines of the second text go between lines of the first. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t na, const uint8_t *b, size_t nb, uint8_t *out, size_t room,
                                 unsigned seed) {
    uint32_t state = seed;
    draw(&state, 1);
    size_t at = line_at(a, na, draw(&state, na + 1)).from;
    Span lines = line_at(b, nb, draw(&state, nb + 1));
    for (uint32_t more = draw(&state, 20); more > 0 && lines.to < nb; more--)
        lines.to = line_at(b, nb, lines.to).to;
    if (na > room)
        return 0;
    memcpy(out, a, na);
    return put(out, na, room, (Span){at, at}, b + lines.from, lines.to - lines.from);
}
