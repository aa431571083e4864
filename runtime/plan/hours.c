/* Times of day, days of the week and the names of time zones. */
#include "plan/hours.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool plan_hours_is_clock(const char *text)
{
    enum { HOUR = 0, COLON = 2, MINUTE = 3, LENGTH = 5, LAST_HOUR = 24, MINUTES = 60 };
    bool shaped = text != NULL && strlen(text) == LENGTH && text[COLON] == ':' &&
                  strspn(text, "0123456789") == COLON &&
                  strspn(text + MINUTE, "0123456789") == LENGTH - MINUTE;
    if (!shaped)
        return false;
    long hour = strtol(text + HOUR, NULL, 10);
    long minute = strtol(text + MINUTE, NULL, 10);
    return minute < MINUTES && (hour < LAST_HOUR || (hour == LAST_HOUR && minute == 0));
}

bool plan_hours_is_zone(const char *name)
{
    static const char FOLDER[] = "/usr/share/zoneinfo";
    static const char LETTERS[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
    static const char MAGIC[] = {'T', 'Z', 'i', 'f'}; /* RFC 8536 */
    char path[200];
    char found[sizeof(MAGIC)] = {0};
    if (text_empty(name) || name[0] == '/' || name[strspn(name, LETTERS)] != '\0' ||
        snprintf(path, sizeof(path), "%s/%s", FOLDER, name) >= (int)sizeof(path))
        return false;
    if (access(FOLDER, R_OK) != 0)
        return true;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    size_t got = fread(found, 1, sizeof(found), file);
    return fclose(file) == 0 && got == sizeof(found) && memcmp(found, MAGIC, sizeof(MAGIC)) == 0;
}

static bool is_day(const json_t *value)
{
    static const char *const DAYS[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    for (size_t i = 0; json_is_string(value) && i < COUNT_OF(DAYS); i++) {
        if (strcmp(DAYS[i], json_string_value(value)) == 0)
            return true;
    }
    return false;
}

json_t *plan_hours_days(const json_t *value)
{
    AUTO(json_auto) json_t *list = json_array();
    AUTO(json_auto) json_t *seen = json_object();
    if (json_is_array(value))
        json_array_extend(list, (json_t *)(uintptr_t)value);
    else
        json_array_append(list, (json_t *)(uintptr_t)value);
    size_t i;
    json_t *day;
    json_array_foreach (list, i, day) {
        if (!is_day(day) || json_object_get(seen, json_string_value(day)) != NULL)
            return NULL;
        json_object_set_new(seen, json_string_value(day), json_true());
    }
    return json_array_size(list) == 0 ? NULL : json_incref(list);
}
