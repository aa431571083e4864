/* How often a password may be guessed: counted by person and address together, by address, and by
 * person. Nobody is ever locked out: what one address did to an account costs that address only, so
 * the right password gets in from elsewhere. Pure: the caller brings the time. */
#ifndef HEADGATE_ACCESS_THROTTLE_H
#define HEADGATE_ACCESS_THROTTLE_H

#include "base/base.h"

enum {
    ACCESS_ADDRESS_BYTES = 8, ///< an IPv6 network; shorter ones are padded
    ACCESS_THROTTLE_FREE = 3, ///< wrong passwords for one person from one address that cost nothing
    ACCESS_THROTTLE_MAX_S = 900, ///< each more costs twice the wait of the one before, up to this
    ACCESS_THROTTLE_ADDRESS_FREE = 10, ///< the same for all persons together,
    ACCESS_THROTTLE_ADDRESS_MAX_S = 60,
    ACCESS_THROTTLE_ALARM = 10, ///< wrong ones for a person: from then on an address has one, not 3
    ACCESS_THROTTLE_FORGET_S = 3600, ///< after so long without a wrong one it starts afresh
    ACCESS_THROTTLE_ENTRIES_MAX = 20000,
};

typedef struct AccessThrottle AccessThrottle;

AccessThrottle *access_throttle_new(void);
void access_throttle_free(AccessThrottle *throttle); ///< NULL is fine

/// May this address try a password for person now? 0: yes, and it counts as wrong until
/// access_throttle_right() or access_throttle_untried() says otherwise, so that guesses sent at the
/// same moment count too. Otherwise how many seconds (rounded up) to wait.
int access_throttle_try(AccessThrottle *throttle, const char *person,
                        const uint8_t address[ACCESS_ADDRESS_BYTES], int64_t now_us);
/// The password was right: this address starts afresh with this person.
void access_throttle_right(AccessThrottle *throttle, const char *person,
                           const uint8_t address[ACCESS_ADDRESS_BYTES]);
/// It could not be looked at (the server was busy): the try is taken back.
void access_throttle_untried(AccessThrottle *throttle, const char *person,
                             const uint8_t address[ACCESS_ADDRESS_BYTES]);

#endif
