/* Code points and byte offsets. ASCII text needs no conversion. Short text is simply walked. For long non-ASCII text
 * the byte offset of every INDEX_STRIDE-th code point is noted the first time somebody asks for a place by number, so
 * that a loop over s[i] costs a bounded walk for each i.
 *
 * A string that may get an index has a word of room for its address behind the text (str_block_size adds it), valid
 * when OBJ_USER2 is set. Asking never fails: without memory for the index the text is walked.
 */
#include "object/str_internal.h"

#define INDEX_STRIDE 64

typedef struct StrIndex {
    size_t n;         /* entries: code points 0, 64, 128... */
    size_t offsets[]; /* of bytes */
} StrIndex;

static StrIndex **index_place(Str *s) {
    uintptr_t end = (uintptr_t)(s->data + s->nbytes + 1);
    return (StrIndex **)((end + sizeof(void *) - 1) & ~(uintptr_t)(sizeof(void *) - 1));
}

static size_t index_size(size_t n) { return sizeof(StrIndex) + n * sizeof(size_t); }

void str_index_drop(VM *vm, Str *s) {
    if (!(s->header.flags & OBJ_USER2))
        return;
    StrIndex *index = *index_place(s);
    s->header.flags &= (uint8_t)~OBJ_USER2;
    mem_free(vm, index, index_size(index->n));
}

static StrIndex *index_make(VM *vm, Str *s) {
    size_t n = s->nchars / INDEX_STRIDE + 1;
    StrIndex *index = mem_alloc(vm, index_size(n));
    if (index == NULL) {
        error_clear(vm);
        return NULL;
    }
    index->n = n;
    const char *p = s->data;
    for (size_t i = 0; i < n; i++) {
        index->offsets[i] = (size_t)(p - s->data);
        if (i + 1 < n)
            p = utf8_advance(p, INDEX_STRIDE);
    }
    *index_place(s) = index;
    s->header.flags |= OBJ_USER2;
    return index;
}

/* NULL: too short for one, a subclass instance (which has no room), or no memory. An exception may be pending already
 * when messages are made, and is left alone. */
static StrIndex *index_of(VM *vm, Str *s) {
    if (s->header.flags & OBJ_USER2)
        return *index_place(s);
    if (s->nbytes < STR_INDEX_MIN || (s->header.flags & OBJ_SUBTYPE) || error_pending(vm))
        return NULL;
    return index_make(vm, s);
}

size_t str_byte_offset(VM *vm, Value v, size_t i) {
    Str *s = as_str(v);
    if (str_is_ascii(s))
        return i;
    if (i == s->nchars)
        return s->nbytes;
    if (i == 0)
        return 0;
    StrIndex *index = index_of(vm, s);
    const char *p = s->data;
    if (index != NULL) {
        p += index->offsets[i / INDEX_STRIDE];
        i %= INDEX_STRIDE;
    }
    return (size_t)(utf8_advance(p, i) - s->data);
}

size_t str_char_offset(VM *vm, Value v, size_t offset) {
    Str *s = as_str(v);
    if (str_is_ascii(s))
        return offset;
    if (offset == s->nbytes)
        return s->nchars;
    StrIndex *index = offset < STR_INDEX_MIN ? NULL : index_of(vm, s);
    if (index == NULL)
        return utf8_count(s->data, offset);
    size_t low = 0, high = index->n; /* the last entry that is not beyond the offset */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (index->offsets[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    size_t from = index->offsets[low];
    return low * INDEX_STRIDE + utf8_count(s->data + from, offset - from);
}

uint32_t str_char_at(VM *vm, Value v, size_t i) {
    Str *s = as_str(v);
    if (str_is_ascii(s))
        return (uint8_t)s->data[i];
    unsigned length;
    return utf8_decode(s->data + str_byte_offset(vm, v, i), &length);
}
