/* The entry that libFuzzer calls, and what targets share. */
#include "fuzz.h"

#include "base/bounds.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SECRETS_MAX = 1000 };

static char *secrets[SECRETS_MAX];
static size_t secrets_count;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
void __wrap_log_secret(const char *secret);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    fuzz_one(bytes, size);
    while (secrets_count > 0)
        free(secrets[--secrets_count]);
    return 0;
}

/* The linker puts it in the place of log_secret (CMakeLists.txt). */
void __wrap_log_secret(const char *secret)
{
    if (secret != NULL && secrets_count < SECRETS_MAX)
        secrets[secrets_count++] = base_strdup(secret);
}

bool fuzz_was_secret(const char *text)
{
    for (size_t i = 0; i < secrets_count; i++) {
        if (strcmp(secrets[i], text) == 0)
            return true;
    }
    return secrets_count == SECRETS_MAX;
}

uint8_t fuzz_byte(FuzzInput *input)
{
    if (input->left == 0)
        return 0;
    input->left--;
    return *input->at++;
}

static char *take(FuzzInput *input, size_t size)
{
    size_t length = strnlen((const char *)input->at, size);
    char *text = base_alloc(length + 1);
    if (length > 0)
        memcpy(text, input->at, length);
    input->at += size;
    input->left -= size;
    return text;
}

char *fuzz_line(FuzzInput *input)
{
    const uint8_t *end = input->left == 0 ? NULL : memchr(input->at, '\n', input->left);
    char *text = take(input, end == NULL ? input->left : (size_t)(end - input->at));
    if (end != NULL)
        fuzz_byte(input);
    return text;
}

char *fuzz_rest(FuzzInput *input)
{
    return take(input, input->left);
}

bool fuzz_is_text(const char *bytes, size_t size)
{
    AUTO(json_auto) json_t *text = json_stringn(bytes, size); /* NULL unless it is UTF-8 */
    return text != NULL && memchr(bytes, '\0', size) == NULL;
}

void fuzz_check_error(const Error *err)
{
    invariant(err->kind != ERROR_NONE && err->message[0] != '\0');
    invariant(strpbrk(err->message, "\r\n") == NULL && strpbrk(err->hint, "\r\n") == NULL);
    invariant(fuzz_is_text(err->message, strlen(err->message)));
    invariant(fuzz_is_text(err->hint, strlen(err->hint)));
}

typedef struct Call {
    void (*run)(void *ctx);
    void *ctx;
} Call;

static void *call(void *arg)
{
    const Call *what = arg;
    what->run(what->ctx);
    return NULL;
}

void fuzz_on_fiber_stack(void (*run)(void *ctx), void *ctx)
{
    Call what = {run, ctx};
    pthread_attr_t attributes;
    pthread_t thread;
    invariant(pthread_attr_init(&attributes) == 0);
    invariant(pthread_attr_setstacksize(&attributes, BOUND_FIBER_STACK_BYTES) == 0);
    invariant(pthread_create(&thread, &attributes, call, &what) == 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
}
