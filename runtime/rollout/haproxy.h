/* HAProxy's runtime API: the weights of two servers of a backend, read and set over its socket. */
#ifndef HEADGATE_ROLLOUT_HAPROXY_H
#define HEADGATE_ROLLOUT_HAPROXY_H

#include "loop/fiber.h"
#include "plan/traffic.h"

typedef struct RolloutHaproxy {
    const char *socket; ///< variables are in
    const char *backend;
    const char *blue;
    const char *green;
} RolloutHaproxy;

typedef struct RolloutServers {
    PlanWeights weights;
    bool blue_up;  ///< it takes traffic: running, and nobody took it out
    bool green_up; ///< as blue_up
} RolloutServers;

/// Reads an answer to "show servers state". Fails with ERROR_REFUSED when a server is missing, or a
/// third one takes traffic, so that weights are not shares; with ERROR_INPUT when it is something
/// else.
NODISCARD bool rollout_haproxy_parse(const RolloutHaproxy *haproxy, const char *answer,
                                     RolloutServers *ret_servers, Error *err);
/// Waits. Fails as parsing does, or with ERROR_INTERNAL when nobody answers (a database is not to
/// blame).
NODISCARD bool rollout_haproxy_read(Loop *loop, const RolloutHaproxy *haproxy,
                                    RolloutServers *ret_servers, Error *err);
/// Waits. Sets both weights, the rising one first, so that there is always a server. Setting them
/// twice is the same as once. ERROR_REFUSED with what HAProxy says.
NODISCARD bool rollout_haproxy_write(Loop *loop, const RolloutHaproxy *haproxy, PlanWeights weights,
                                     PlanWeights before, Error *err);

#endif
