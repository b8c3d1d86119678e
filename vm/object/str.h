/* Strings: immutable UTF-8 (lone surrogates as three-byte sequences), NUL-terminated, with their length in code
 * points. ASCII exactly when nbytes == nchars. */
#ifndef COVE_OBJECT_STR_H
#define COVE_OBJECT_STR_H

#include "object/object.h"

typedef struct Str {
    Object header; /* OBJ_USER1: interned; OBJ_USER2: has an index (see str_index.c) */
    int64_t hash;  /* 0: not computed yet */
    size_t nbytes, nchars;
    char data[];
} Str;

static ALWAYS_INLINE Str *as_str(Value v) { return (Str *)as_obj(v); }
static ALWAYS_INLINE const char *str_data(Value v) { return as_str(v)->data; }
static ALWAYS_INLINE bool str_is_ascii(const Str *s) { return s->nbytes == s->nchars; }

Value str_new(VM *vm, const char *utf8, size_t nbytes); /* text known to be valid UTF-8; counts code points */
Value str_new_ascii(VM *vm, const char *text, size_t n);
Value str_from_c(VM *vm, const char *utf8);            /* NUL-terminated, valid */
Value str_alloc(VM *vm, size_t nbytes, size_t nchars); /* to be filled by the caller at once */
Value str_new_counted(VM *vm, const char *utf8, size_t nbytes, size_t nchars);
Value str_new_subtype(VM *vm, Type *type, Value s); /* instance of a subclass with the text of s */
Value str_unchanged(VM *vm, Value s);               /* s itself, or the plain str of a subclass instance; owned */
Value str_intern(VM *vm, Value s);                  /* consumes s; returns the owned unique string */
Value str_intern_c(VM *vm, const char *text);       /* owned */
Value str_intern_text(VM *vm, const char *utf8, size_t nbytes); /* valid UTF-8; owned */
Value str_from_char(VM *vm, uint32_t code_point);               /* cached for Latin-1 */
Value str_printf(VM *vm, const char *fmt, ...);                 /* the formats of runtime/errors.h */
Value str_vprintf(VM *vm, const char *fmt, va_list args);
int64_t str_hash(VM *vm, Str *s);
int64_t str_hash_text(VM *vm, const char *utf8, size_t nbytes); /* of the string with that text */
bool str_equal(const Str *a, const Str *b);
int str_compare(const Str *a, const Str *b); /* by code points: <0, 0, >0 */
bool str_equals_c(Value s, const char *text);
uint32_t str_char_at(VM *vm, Value s, size_t index);           /* code point; index < nchars */
size_t str_byte_offset(VM *vm, Value s, size_t index);         /* byte offset of a code point, index <= nchars */
Value str_slice(VM *vm, Value s, ssize_t start, ssize_t stop); /* code points, already clamped, step 1 */
Value str_concat(VM *vm, Value a, Value b);                    /* both must be str */
/* `*a = *a + b`: appends in place when *a holds the only reference; *a is replaced (0 on failure). */
bool str_append(VM *vm, Value *a, Value b);
Value str_join(VM *vm, Value sep, Value *items, size_t n); /* checks the types of the items */
Value str_concat_many(VM *vm, Value *items, size_t n);     /* all must be str: what f-strings build with */
Value str_decode(VM *vm, const char *data, size_t n, const char *encoding, const char *errors); /* str_codec.c */
Value str_encode(VM *vm, Value s, const char *encoding, const char *errors);                    /* bytes */
Value str_percent(VM *vm, Value format, Value args);                                            /* str_percent.c */
Value str_repr(VM *vm, Value s);
Value str_repeat(VM *vm, Value s, size_t times); /* MemoryError when too long */
/* str.format with bound arguments, and format(s, spec) */
Value str_format(VM *vm, Value format, Value *args, size_t nargs, Value kwnames);
Value str_format_spec(VM *vm, Value s, Value spec);
Value str_format_map(VM *vm, Value self, Value *args, size_t nargs, Value kwnames);
/* The places of an index, in code points, for a byte offset (offset at the start of a code point). */
size_t str_char_offset(VM *vm, Value s, size_t byte_offset);
/* What a string keeps beside its text; called by dealloc and when the text is about to change. */
void str_index_drop(VM *vm, Str *s);
void str_intern_forget(VM *vm, Str *s); /* an interned string dies */
size_t str_interned_count(VM *vm);
extern const MethodSpec str_methods[];

/* repr of text: whether a code point is shown as it is, and its escape otherwise (at most 10 bytes; returns the
 * number) */
unsigned str_escape_char(uint32_t c, char *out);

/* A growing string under construction; never visible to scripts. */
typedef struct StrBuilder {
    VM *vm;
    Str *block; /* the string that is to be, or NULL: data is its text, and finishing moves nothing */
    char *data;
    size_t len, cap;
    bool failed; /* an allocation failed: MemoryError is pending, further writes are ignored */
} StrBuilder;
void strbuilder_init(StrBuilder *b, VM *vm);
bool strbuilder_add(StrBuilder *b, const char *utf8, size_t n);
bool strbuilder_add_c(StrBuilder *b, const char *text);
bool strbuilder_add_char(StrBuilder *b, uint32_t code_point);
bool strbuilder_fill(StrBuilder *b, uint32_t code_point, size_t times);
char *strbuilder_room(StrBuilder *b,
                      size_t n); /* n more bytes to be written at the result, counted in len; or NULL */
bool strbuilder_add_value(StrBuilder *b, Value str); /* must be str */
bool strbuilder_add_repr(StrBuilder *b, Value v);    /* runs repr(v) */
bool strbuilder_printf(StrBuilder *b, const char *fmt, ...);
bool strbuilder_vprintf(StrBuilder *b, const char *fmt, va_list args);
Value strbuilder_finish(StrBuilder *b); /* the string, or VALUE_ERROR; the builder is empty afterwards */
Value strbuilder_finish_counted(StrBuilder *b, size_t nchars); /* of a text with so many code points */
void strbuilder_drop(StrBuilder *b);

#endif
