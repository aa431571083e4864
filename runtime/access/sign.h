/* Signed approvals: an Ed25519 key pair in a folder. The supervisor signs with approval.key (0600),
 * a runner verifies with approval.pub and could not sign. */
#ifndef HEADGATE_ACCESS_SIGN_H
#define HEADGATE_ACCESS_SIGN_H

#include "base/json.h"

enum {
    ACCESS_PUBLIC_BYTES = 32,
    ACCESS_SECRET_BYTES = 64,
    ACCESS_SIGNATURE_TEXT = 129, ///< hexadecimal with its NUL
};

typedef struct AccessSigner {
    uint8_t public_key[ACCESS_PUBLIC_BYTES];
    uint8_t secret_key[ACCESS_SECRET_BYTES];
} AccessSigner;

typedef struct AccessVerifier {
    uint8_t public_key[ACCESS_PUBLIC_BYTES];
} AccessVerifier;

/// What is signed: one approval, word for word as its row has it. Texts are borrowed.
typedef struct AccessRecord {
    int64_t run;
    const char *gate;
    const char *digest;
    const char *person;
    const json_t *roles; ///< list of role names
    const char *decision;
    const char *comment;
    const json_t *fields; ///< answers to the gate's questions, by name
    int nth;              ///< AccessApproval.nth: an old word cannot be put behind a newer one
    const char *at;       ///< RFC 3339, as text: it is signed as it is stored
} AccessRecord;

/// Reads the key pair of folder; makes the folder and the pair when there is none. Blocking: for
/// start-up. Refuses a secret key that others may read.
NODISCARD bool access_signer_open(const char *folder, AccessSigner *ret_signer, Error *err);
/// Wipes the secret.
void access_signer_done(AccessSigner *signer);
/// Reads only approval.pub.
NODISCARD bool access_verifier_open(const char *folder, AccessVerifier *ret_verifier, Error *err);

/// The signature of the canonical form of a record, as lower-case hexadecimal.
void access_sign(const AccessSigner *signer, const AccessRecord *record,
                 char ret_signature[ACCESS_SIGNATURE_TEXT]);
bool access_verify(const AccessVerifier *verifier, const AccessRecord *record,
                   const char *signature);

#endif
