/* Compiler facts and small macros used everywhere; each has a portable fallback. */
#ifndef COVE_BASE_COMMON_H
#define COVE_BASE_COMMON_H

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#if defined(__GNUC__)
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define MUST_CHECK __attribute__((warn_unused_result))
#define NOINLINE __attribute__((noinline))
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define COLD __attribute__((cold, noinline))
/* Functions that every start needs and that are alone in their neighbourhood: beside each other, fewer pages are
 * read. */
#if defined(__ELF__)
#define AT_START __attribute__((section(".text.startup"), noinline))
#else
#define AT_START
#endif
#define UNUSED __attribute__((unused))
#define UNREACHABLE() __builtin_unreachable()
#else
#define likely(x) (x)
#define unlikely(x) (x)
#define MUST_CHECK
#define NOINLINE
#define ALWAYS_INLINE inline
#define COLD
#define AT_START
#define UNUSED
#define UNREACHABLE() assert(!"unreachable")
#endif

#if defined(__GNUC__) && !defined(__clang__)
#define PRINTF_LIKE(f, a)
#else
#define PRINTF_LIKE(f, a)
#endif

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#if defined(__SANITIZE_ADDRESS__)
#define COVE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define COVE_ASAN 1
#endif
#endif
#ifndef COVE_ASAN
#define COVE_ASAN 0
#endif

#endif
