/* Names and weights of HAProxy's servers. */
#include "plan/traffic.h"

#include "base/address.h"

#include <math.h>
#include <string.h>

enum { WHOLE = 100, FINEST = 256, NAME_BYTES_MAX = 128 };

static bool check_name(const json_t *haproxy, const char *key, Error *err)
{
    static const char TAKEN[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.:";
    const char *name = json_get_string(haproxy, key, "");
    size_t length = strlen(name);
    return (length > 0 && length <= NAME_BYTES_MAX && strspn(name, TAKEN) == length) ||
           error_set(err, ERROR_INPUT,
                     "has a %s \"%.40s\" that is no name of HAProxy: letters, digits and _ - . :",
                     key, name);
}

bool plan_traffic_check(const json_t *haproxy, Error *err)
{
    const char *socket = json_get_string(haproxy, "socket", "");
    if (!check_name(haproxy, "backend", err) || !check_name(haproxy, "blue", err) ||
        !check_name(haproxy, "green", err))
        return false;
    if (text_equal(json_get_string(haproxy, "blue", ""), json_get_string(haproxy, "green", "")))
        return error_set(err, ERROR_INPUT, "names one server as blue and as green");
    struct sockaddr_storage ignored;
    Error why = {0};
    return strstr(socket, "${") != NULL || address_local(socket, &ignored, &why) ||
           error_set(err, ERROR_INPUT, "has a bad socket: %s", why.message);
}

bool plan_traffic_weights(double percent, PlanWeights *ret_weights, Error *err)
{
    static const double NEAR = 0.2;
    bool whole = fabs(percent - round(percent)) < 1e-9;
    int total = whole ? WHOLE : FINEST;
    int green = (int)lround(percent * total / 100);
    bool ends = !whole && (green == 0 || green == total);
    if (percent < 0 || percent > 100 || ends ||
        fabs(100.0 * green / (double)total - percent) > NEAR)
        return error_set(
            err, ERROR_INPUT,
            "HAProxy's weights cannot express %g %%: whole percents, or from 0.4 to 99.6", percent);
    *ret_weights = (PlanWeights){.blue = total - green, .green = green};
    return true;
}

double plan_traffic_percent(PlanWeights weights)
{
    int total = weights.blue + weights.green;
    return total == 0 ? -1 : 100.0 * weights.green / (double)total;
}
