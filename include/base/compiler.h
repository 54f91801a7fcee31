/*
 * compiler.h - the few compiler attributes the house uses, under readable names
 */
#ifndef BASE_COMPILER_H
#define BASE_COMPILER_H

/* The caller must look at the result. */
#define MUST_CHECK __attribute__((warn_unused_result))

#define PRINTF_LIKE(fmt_index, first_arg) __attribute__((format(printf, fmt_index, first_arg)))
#define NO_RETURN __attribute__((noreturn))

/* For what only failures reach: it, and the way to it, lie apart from the code that runs all the time. */
#define COLD __attribute__((cold))

#define UNUSED __attribute__((unused))

/*
 * For the few of which it was measured: the first is worth it wherever it is called, the second is a way off one that
 * is taken so often that it should not have to save registers for it.
 */
#define ALWAYS_INLINE __attribute__((always_inline)) inline
#define NEVER_INLINE __attribute__((noinline))

/* Built with AddressSanitizer. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN
#endif

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
