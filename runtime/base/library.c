/* Functions are bound as they are called: of the libraries that one brings almost nothing ever is.
 */
#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

static bool find_all(void *handle, const char *const *names, size_t count, void **symbols)
{
    for (size_t i = 0; i < count; i++) {
        symbols[i] = dlsym(handle, names[i]);
        if (symbols[i] == NULL)
            return false;
    }
    return true;
}

bool library_load(const char *file, const char *who_needs, const char *const *names, size_t count,
                  void *ret_functions, Error *err)
{
    void *handle = dlopen(file, RTLD_LAZY | RTLD_LOCAL);
    AUTO(base_free) void **symbols = base_alloc(count * sizeof(*symbols));
    if (handle == NULL || !find_all(handle, names, count, symbols))
        return error_set(err, ERROR_INTERNAL, "%s %s: %s", who_needs, file, dlerror());
    memcpy(ret_functions, symbols, count * sizeof(*symbols)); /* dlsym's way, as POSIX has it */
    return true;
}
