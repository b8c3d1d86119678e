/* Identifiers: the table that makes equal names one pointer, and the Unicode side of identifiers (PEP
 * 3131).
 *
 * Invariant: the table holds each NFKC-normalised spelling once, keywords included, so that looking a word
 * up answers "which name" and "is it a keyword" at the same time. */
#include "lexer.h"
#include "object/unicode.h"

#include <string.h>
#include <utf8proc.h>

static const struct {
    const char *text;
    uint8_t kind;
} keywords[] = {
    {"False", TOK_FALSE},
    {"None", TOK_NONE},
    {"True", TOK_TRUE},
    {"and", TOK_AND},
    {"as", TOK_AS},
    {"assert", TOK_ASSERT},
    {"async", TOK_ASYNC},
    {"await", TOK_AWAIT},
    {"break", TOK_BREAK},
    {"class", TOK_CLASS},
    {"continue", TOK_CONTINUE},
    {"def", TOK_DEF},
    {"del", TOK_DEL},
    {"elif", TOK_ELIF},
    {"else", TOK_ELSE},
    {"except", TOK_EXCEPT},
    {"finally", TOK_FINALLY},
    {"for", TOK_FOR},
    {"from", TOK_FROM},
    {"global", TOK_GLOBAL},
    {"if", TOK_IF},
    {"import", TOK_IMPORT},
    {"in", TOK_IN},
    {"is", TOK_IS},
    {"lambda", TOK_LAMBDA},
    {"nonlocal", TOK_NONLOCAL},
    {"not", TOK_NOT},
    {"or", TOK_OR},
    {"pass", TOK_PASS},
    {"raise", TOK_RAISE},
    {"return", TOK_RETURN},
    {"try", TOK_TRY},
    {"while", TOK_WHILE},
    {"with", TOK_WITH},
    {"yield", TOK_YIELD},
};

/* Must agree with the loop in lexer.c that hashes while it scans. */
static uint32_t hash_text(const char *text, size_t length) {
    uint32_t hash = 0;
    for (size_t i = 0; i < length; i++)
        hash = hash * 31 + (unsigned char)text[i];
    return hash;
}

static uint32_t spread(uint32_t hash) { return (hash * 0x9E3779B1u) >> 7; }

static int grow_names(Lexer *lexer) {
    uint32_t old_capacity = lexer->name_capacity;
    uint32_t capacity = old_capacity ? old_capacity * 2 : 128;
    if (capacity < old_capacity)
        return 0;
    NameSlot *slots = arena_realloc_raw(lexer->arena, NULL, 0, capacity * sizeof(NameSlot));
    if (!slots)
        return 0;
    memset(slots, 0, capacity * sizeof(NameSlot));
    for (uint32_t i = 0; i < old_capacity; i++) {
        if (!lexer->names[i].name)
            continue;
        uint32_t at = spread(lexer->names[i].name->hash) & (capacity - 1);
        while (slots[at].name)
            at = (at + 1) & (capacity - 1);
        slots[at] = lexer->names[i];
    }
    if (lexer->names)
        arena_realloc_raw(lexer->arena, lexer->names, old_capacity * sizeof(NameSlot), 0);
    lexer->names = slots;
    lexer->name_capacity = capacity;
    return 1;
}

const Name *lexer_intern(Lexer *lexer, const char *text, size_t length, uint32_t hash, uint8_t *kind) {
    uint32_t mask = lexer->name_capacity - 1;
    uint32_t at = spread(hash) & mask;
    for (; lexer->names[at].name; at = (at + 1) & mask) {
        Name *name = lexer->names[at].name;
        if (name->hash == hash && name->length == length && memcmp(name->text, text, length) == 0) {
            if (kind)
                *kind = lexer->names[at].kind;
            return name;
        }
    }
    Name *name = arena_alloc(lexer->arena, sizeof(Name) + length + 1);
    if (!name)
        return NULL;
    name->length = (uint32_t)length;
    name->hash = hash;
    memcpy(name->text, text, length);
    name->text[length] = 0;
    lexer->names[at].name = name;
    lexer->names[at].kind = kind ? *kind : TOK_NAME;
    if (++lexer->name_count * 2 > lexer->name_capacity && !grow_names(lexer))
        return NULL;
    return name;
}

const Name *lexer_intern_text(Lexer *lexer, const char *text, size_t length) {
    return lexer_intern(lexer, text, length, hash_text(text, length), NULL);
}

int lexer_intern_keywords(Lexer *lexer) {
    if (!grow_names(lexer))
        return 0;
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        uint8_t kind = keywords[i].kind;
        size_t length = strlen(keywords[i].text);
        if (!lexer_intern(lexer, keywords[i].text, length, hash_text(keywords[i].text, length), &kind))
            return 0;
    }
    lexer->soft_match = lexer_intern_text(lexer, "match", 5);
    lexer->soft_case = lexer_intern_text(lexer, "case", 4);
    lexer->soft_type = lexer_intern_text(lexer, "type", 4);
    lexer->soft_underscore = lexer_intern_text(lexer, "_", 1);
    return lexer->soft_match && lexer->soft_case && lexer->soft_type && lexer->soft_underscore;
}

int lex_utf8_decode(const char *text, int *size) {
    const unsigned char *at = (const unsigned char *)text;
    if (at[0] < 0x80) {
        *size = 1;
        return at[0];
    }
    if (at[0] < 0xE0) {
        *size = 2;
        return (at[0] & 0x1F) << 6 | (at[1] & 0x3F);
    }
    if (at[0] < 0xF0) {
        *size = 3;
        return (at[0] & 0x0F) << 12 | (at[1] & 0x3F) << 6 | (at[2] & 0x3F);
    }
    *size = 4;
    return (at[0] & 0x07) << 18 | (at[1] & 0x3F) << 12 | (at[2] & 0x3F) << 6 | (at[3] & 0x3F);
}

int lex_utf8_encode(int code, char *out) {
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0 | code >> 12);
        out[1] = (char)(0x80 | ((code >> 6) & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | code >> 18);
    out[1] = (char)(0x80 | ((code >> 12) & 0x3F));
    out[2] = (char)(0x80 | ((code >> 6) & 0x3F));
    out[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

int lex_utf8_count(const char *text, size_t bytes) {
    int count = 0;
    for (size_t i = 0; i < bytes; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

/* The general categories give XID_Start and XID_Continue but for these code points. */
typedef struct Range {
    int first, last;
} Range;

static const Range start_more[] = {{0x1885, 0x1886}, {0x2118, 0x2118}, {0x212E, 0x212E}};
static const Range start_less[] = {
    {0x37A, 0x37A},   {0xE33, 0xE33},   {0xEB3, 0xEB3},   {0x2E2F, 0x2E2F}, {0xFC5E, 0xFC63},
    {0xFDFA, 0xFDFB}, {0xFE70, 0xFE70}, {0xFE72, 0xFE72}, {0xFE74, 0xFE74}, {0xFE76, 0xFE76},
    {0xFE78, 0xFE78}, {0xFE7A, 0xFE7A}, {0xFE7C, 0xFE7C}, {0xFE7E, 0xFE7E}, {0xFF9E, 0xFF9F},
};
static const Range continue_more[] = {
    {0xB7, 0xB7},     {0x387, 0x387},   {0x1369, 0x1371}, {0x19DA, 0x19DA}, {0x200C, 0x200D},
    {0x2118, 0x2118}, {0x212E, 0x212E}, {0x30FB, 0x30FB}, {0xFF65, 0xFF65},
};
static const Range continue_less[] = {
    {0x37A, 0x37A},   {0x2E2F, 0x2E2F}, {0xFC5E, 0xFC63}, {0xFDFA, 0xFDFB}, {0xFE70, 0xFE70}, {0xFE72, 0xFE72},
    {0xFE74, 0xFE74}, {0xFE76, 0xFE76}, {0xFE78, 0xFE78}, {0xFE7A, 0xFE7A}, {0xFE7C, 0xFE7C}, {0xFE7E, 0xFE7E},
};

static int in_ranges(int code, const Range *ranges, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (code >= ranges[i].first && code <= ranges[i].last)
            return 1;
    }
    return 0;
}

#define IN(code, table) in_ranges((code), (table), sizeof(table) / sizeof((table)[0]))

static int is_name_code(int code, int first) {
    if (code < 0x80)
        return (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') || code == '_' ||
               (!first && code >= '0' && code <= '9');
    switch (utf8proc_category(code)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_NL:
        return first ? !IN(code, start_less) : !IN(code, continue_less);
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_PC:
        if (!first)
            return !IN(code, continue_less);
        break;
    default:
        break;
    }
    return first ? IN(code, start_more) : IN(code, continue_more);
}

static const Name *intern_normalised(Lexer *lexer, const char *text, size_t length, uint8_t *kind) {
    utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT;
    const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text;
    utf8proc_ssize_t count = utf8proc_decompose(bytes, (utf8proc_ssize_t)length, NULL, 0, options);
    if (count < 0)
        return NULL;
    size_t size = ((size_t)count + 1) * sizeof(utf8proc_int32_t);
    utf8proc_int32_t *codes = arena_realloc_raw(lexer->arena, NULL, 0, size);
    if (!codes)
        return NULL;
    const Name *name = NULL;
    count = utf8proc_decompose(bytes, (utf8proc_ssize_t)length, codes, count, options);
    if (count >= 0) {
        count = utf8proc_reencode(codes, count, options);
        if (count >= 0) {
            uint32_t hash = hash_text((char *)codes, (size_t)count);
            name = lexer_intern(lexer, (char *)codes, (size_t)count, hash, kind);
        }
    }
    arena_realloc_raw(lexer->arena, codes, size, 0);
    return name;
}

/* All bytes over 127 belong to a name until shown otherwise; then the first code point that may not is the
 * error. */
int lex_name_unicode(Lexer *lexer, Token *token) {
    const char *at = token->start;
    while (at < lexer->cur) {
        int size;
        int code = lex_utf8_decode(at, &size);
        if (!is_name_code(code, at == token->start)) {
            /* A digit can come first only behind a number, which the caller has cut off. */
            lexer->cur = at + size;
            if (unicode_is_printable((uint32_t)code))
                return lexer_error(lexer, -1, -1, "invalid character '%.*s' (U+%04X)", size, at, (unsigned)code);
            return lexer_error(lexer, -1, -1, "invalid non-printable character U+%04X", (unsigned)code);
        }
        at += size;
    }
    uint8_t kind = TOK_NAME;
    token->name = intern_normalised(lexer, token->start, (size_t)(lexer->cur - token->start), &kind);
    if (!token->name)
        return lexer_nomem(lexer);
    /* A keyword spelled with compatibility characters stays a name, as in CPython. */
    return TOK_NAME;
}
