/* A guest with a little of everything that a WASI program does: arguments, environment, standard
 * input and output, the clock, memory, floating point.
 *
 *   hello [NAME…]         greets, then shows what it was given
 *   hello --words         counts the lines, words and bytes of standard input
 *   hello --primes N      the number of primes up to N, and the last of them
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

extern char **environ;

static int words(void) {
    unsigned long lines = 0, words = 0, bytes = 0;
    int inside = 0;
    for (int c; (c = getchar()) != EOF; bytes++) {
        lines += c == '\n';
        words += !isspace(c) && !inside;
        inside = !isspace(c);
    }
    printf("%lu lines, %lu words, %lu bytes\n", lines, words, bytes);
    return 0;
}

static int primes(unsigned long limit) {
    if (limit < 2 || limit > 100000000) {
        fprintf(stderr, "hello: a number from 2 to 100000000, please\n");
        return 2;
    }
    char *composite = calloc(limit + 1, 1);
    if (composite == NULL) {
        fprintf(stderr, "hello: out of memory\n");
        return 1;
    }
    unsigned long count = 0, last = 0;
    for (unsigned long i = 2; i <= limit; i++) {
        if (composite[i]) continue;
        count++, last = i;
        if (i > limit / i) continue; /* the square is beyond, and may not fit */
        for (unsigned long j = i * i; j <= limit; j += i) composite[j] = 1;
    }
    free(composite);
    printf("%lu primes up to %lu, the last is %lu\n", count, limit, last);
    return 0;
}

/* e by its series: something that floating point must get right to the last digit. */
static double euler(void) {
    double sum = 1, term = 1;
    for (int i = 1; i < 20; i++) sum += term /= i;
    return sum;
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--words") == 0) return words();
    if (argc > 2 && strcmp(argv[1], "--primes") == 0) return primes(strtoul(argv[2], NULL, 10));

    printf("Hello, ");
    if (argc < 2) printf("world");
    for (int i = 1; i < argc; i++)
        printf("%s%s", argv[i], i + 2 < argc ? ", " : i + 1 < argc ? " and " : "");
    printf("! This is WebAssembly.\n");

    int variables = 0;
    while (environ != NULL && environ[variables] != NULL) variables++;
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    struct tm *utc = gmtime(&now.tv_sec);
    printf("I have %d argument%s, %d environment variable%s and %d-bit addresses.\n", argc - 1,
           argc == 2 ? "" : "s", variables, variables == 1 ? "" : "s", (int)sizeof(void *) * 8);
    printf("e is %.15f, and the year is %d.\n", euler(), utc != NULL ? utc->tm_year + 1900 : 0);
    return 0;
}
