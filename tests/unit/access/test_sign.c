/* Key files and signatures: every field of the record is covered, and a key that others may read is
 * refused. */
#include "access/sign.h"
#include "access/token.h"
#include "base/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct Folder {
    char path[64];
    char secret[96];
    char public[96];
} Folder;

static int make_folder(void **state)
{
    Folder *folder = calloc(1, sizeof(*folder));
    snprintf(folder->path, sizeof(folder->path), "/tmp/headgate-sign-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    snprintf(folder->secret, sizeof(folder->secret), "%s/approval.key", folder->path);
    snprintf(folder->public, sizeof(folder->public), "%s/approval.pub", folder->path);
    *state = folder;
    return 0;
}

static int drop_folder(void **state)
{
    Folder *folder = *state;
    unlink(folder->secret);
    unlink(folder->public);
    rmdir(folder->path);
    free(folder);
    return 0;
}

static void every_field_is_signed(void **state)
{
    const Folder *folder = *state;
    AccessSigner signer;
    AccessVerifier verifier;
    Error err = {0};
    assert_true(access_signer_open(folder->path, &signer, &err));
    assert_true(access_verifier_open(folder->path, &verifier, &err));
    AUTO(json_auto) json_t *roles = json_pack("[s]", "admin");
    AUTO(json_auto) json_t *more = json_pack("[ss]", "admin", "product");
    AUTO(json_auto) json_t *fields = json_pack("{s:i}", "percent", 10);
    AUTO(json_auto) json_t *other = json_pack("{s:i}", "percent", 100);
    const AccessRecord record = {.run = 42,
                                 .gate = "start-rollout",
                                 .digest = "9b1c",
                                 .person = "bob",
                                 .roles = roles,
                                 .decision = "approve",
                                 .comment = "",
                                 .fields = fields,
                                 .nth = 1,
                                 .at = "2026-11-21T14:02:11.000000Z"};
    char signature[ACCESS_SIGNATURE_TEXT];
    access_sign(&signer, &record, signature);
    assert_true(access_verify(&verifier, &record, signature));
    AccessRecord changed[] = {record, record, record, record, record,
                              record, record, record, record, record};
    changed[0].run = 43;
    changed[1].gate = "start-rollouu";
    changed[2].digest = "9b1d";
    changed[3].person = "bop";
    changed[4].roles = more;
    changed[5].decision = "reject";
    changed[6].comment = " ";
    changed[7].at = "2026-11-21T14:02:11.000001Z";
    changed[8].fields = other;
    changed[9].nth = 2;
    for (size_t i = 0; i < COUNT_OF(changed); i++)
        assert_false(access_verify(&verifier, &changed[i], signature));
    assert_false(access_verify(&verifier, &record, NULL));
    assert_false(access_verify(&verifier, &record, ""));
    assert_false(access_verify(&verifier, &record, "zz"));
    signature[3] = signature[3] == 'a' ? 'b' : 'a';
    assert_false(access_verify(&verifier, &record, signature));
    access_signer_done(&signer);
}

static void the_pair_stays_and_is_private(void **state)
{
    const Folder *folder = *state;
    AccessSigner first;
    AccessSigner second;
    Error err = {0};
    assert_true(access_signer_open(folder->path, &first, &err));
    assert_true(access_signer_open(folder->path, &second, &err));
    assert_memory_equal(first.public_key, second.public_key, ACCESS_PUBLIC_BYTES);
    struct stat about;
    assert_int_equal(stat(folder->secret, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(chmod(folder->secret, 0640), 0);
    assert_false(access_signer_open(folder->path, &second, &err));
    assert_int_equal(err.kind, ERROR_REFUSED);
    assert_non_null(strstr(err.message, "approval.key may be read by others"));
    assert_true(text_starts(err.hint, "chmod 600 /"));
}

static void broken_and_missing_keys_say_so(void **state)
{
    const Folder *folder = *state;
    AccessSigner signer;
    AccessVerifier verifier;
    Error err = {0};
    assert_false(access_verifier_open(folder->path, &verifier, &err));
    assert_non_null(strstr(err.message, "approval.pub is missing"));
    assert_true(access_signer_open(folder->path, &signer, &err));
    FILE *file = fopen(folder->public, "w");
    assert_non_null(file);
    fputs("nonsense\n", file);
    fclose(file);
    assert_false(access_verifier_open(folder->path, &verifier, &err));
    assert_non_null(strstr(err.message, "is not a key of ours"));
    file = fopen(folder->public, "w");
    assert_non_null(file);
    for (int i = 0; i < 64; i++)
        fputc('0', file);
    fclose(file);
    assert_false(access_signer_open(folder->path, &signer, &err));
    assert_non_null(strstr(err.message, "does not belong to"));
}

static void only_our_tokens_look_like_tokens(void **state)
{
    UNUSED(state);
    assert_true(access_token_plausible("hgt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-_"));
    assert_false(access_token_plausible("hgt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-"));
    assert_false(access_token_plausible("hgt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-;"));
    assert_false(access_token_plausible("xyz_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-_"));
    assert_false(access_token_plausible(NULL));
    assert_true(access_secret_equal("abc", "abc"));
    assert_false(access_secret_equal("abc", "abd"));
    assert_false(access_secret_equal("abc", "abcd"));
    assert_false(access_secret_equal(NULL, NULL));
}

/* A supervisor that died while it wrote the key, or whose disk was full, can be started again. */
static void a_half_written_key_is_none(void **state)
{
#ifdef HEADGATE_FAULTS
    static const char *const FAULTS[] = {"file.key:1:kill", "file.key:1:eio", "file.key:2:kill",
                                         "file.key:2:enospc"};
    const Folder *folder = *state;
    for (size_t i = 0; i < COUNT_OF(FAULTS); i++) {
        AccessSigner signer;
        Error err = {0};
        pid_t pid = fork();
        if (pid == 0) {
            setenv("HEADGATE_FAULT", FAULTS[i], 1);
            FAULT_PROCESS("test");
            _exit(access_signer_open(folder->path, &signer, &err) ? 0 : 1);
        }
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_not_equal(status, 0);
        if (!access_signer_open(folder->path, &signer, &err))
            fail_msg("after %s: %s", FAULTS[i], err.message);
        access_signer_done(&signer);
        unlink(folder->secret);
        unlink(folder->public);
    }
#else
    UNUSED(state);
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_field_is_signed, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(the_pair_stays_and_is_private, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(broken_and_missing_keys_say_so, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(a_half_written_key_is_none, make_folder, drop_folder),
        cmocka_unit_test(only_our_tokens_look_like_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
