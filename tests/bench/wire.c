/* The other end of a measurement of the stream, cheap enough to stand beside it on one machine.
 *   wire floor PORT CLIENTS FRAMES   takes CLIENTS connections and sends each what FRAMES holds
 * (lines "us bytes", the bytes behind each), at those times, as a plain socket program would wire
 * drain PORT HEADS SILENT     opens a stream with each request of the file HEADS (requests end with
 * an empty line; the message that follows the handshake is the file's last line), reads all but the
 * first SILENT of them, and says when the streams have ended or SIGTERM came what came since
 * SIGUSR1 wire sink PORT CLIENTS SILENT    the same for the floor: connects, and reads They print
 * one line of JSON at the end. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    CLIENTS_MAX = 4096,
    BUFFER_BYTES = 256 * 1024,
    LATENCIES_MAX = 4 * 1000 * 1000,
    EVENTS = 256,
    QUIET_MS = 500
};

static volatile sig_atomic_t ended;
static volatile sig_atomic_t marked;

static void on_end(int signum)
{
    (void)signum;
    ended = 1;
}

static void on_mark(int signum)
{
    (void)signum;
    marked = 1;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t now_us(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static char *read_file(const char *path, size_t *ret_bytes)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        die(path);
    size_t room = 1 << 20;
    size_t used = 0;
    char *text = malloc(room + 1);
    for (size_t part = 1; part > 0; used += part) {
        if (room - used < 65536)
            text = realloc(text, (room *= 2) + 1);
        part = fread(text + used, 1, 65536, file);
    }
    fclose(file);
    text[used] = '\0';
    *ret_bytes = used;
    return text;
}

static struct sockaddr_in here(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/* ------------------------------------------------------------------ floor */

static double cpu_s(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void accept_all(int listener, int *fds, int count)
{
    for (int i = 0; i < count; i++) {
        fds[i] = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (fds[i] < 0)
            die("accept");
        int on = 1;
        setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
}

static int floor_main(char **args)
{
    static int fds[CLIENTS_MAX];
    int clients = atoi(args[1]);
    size_t bytes = 0;
    char *frames = read_file(args[2], &bytes);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = here(args[0]);
    socklen_t size = sizeof(address);
    if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 1024) != 0)
        die("listen");
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    accept_all(listener, fds, clients);
    double before = cpu_s();
    int64_t began = now_us(CLOCK_MONOTONIC);
    long sent = 0;
    for (char *at = frames; at < frames + bytes;) {
        long us = strtol(at, &at, 10);
        long length = strtol(at, &at, 10);
        at++;
        int64_t left = began + us - now_us(CLOCK_MONOTONIC);
        if (left > 0)
            ppoll(NULL, 0, &(struct timespec){left / 1000000, left % 1000000 * 1000}, NULL);
        for (int i = 0; i < clients; i++)
            sent += send(fds[i], at, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
        at += length;
    }
    printf("{\"cpu_s\": %.4f, \"sent\": %ld, \"seconds\": %.3f}\n", cpu_s() - before, sent,
           (double)(now_us(CLOCK_MONOTONIC) - began) / 1e6);
    return 0;
}

/* ------------------------------------------------------------------ drain */

typedef struct Client {
    int fd;
    bool open;
    bool upgraded;
    size_t used;
    char *buffer;
    long seq;
} Client;

static struct {
    long frames;
    long bytes;
    long events;
    long gaps;
    long resets;
    int lost;
    int32_t *latencies;
    long latencies_count;
    int64_t first_us; /* when events came */
    int64_t last_us;
} got;

static void send_frame(Client *client, int opcode, const char *bytes, size_t size)
{
    unsigned char frame[512] = {(unsigned char)(0x80 | opcode)};
    size_t used = 2;
    frame[1] = (unsigned char)(0x80 | (size < 126 ? size : 126));
    if (size >= 126) {
        frame[used++] = (unsigned char)(size >> 8);
        frame[used++] = (unsigned char)size;
    }
    used += 4; /* a mask of zeros */
    if (used + size > sizeof(frame))
        return;
    memcpy(frame + used, bytes, size);
    if (send(client->fd, frame, used + size, MSG_NOSIGNAL) < 0)
        client->open = false;
}

static int64_t digits(const char *text, int count)
{
    int64_t number = 0;
    for (int i = 0; i < count; i++)
        number = number * 10 + (text[i] - '0');
    return number;
}

/* "2026-11-21T14:02:11.123456Z"; the calendar is asked once a minute. */
static int64_t time_of(const char *text)
{
    enum { MINUTE_BYTES = 16 };
    static char minute[MINUTE_BYTES];
    static int64_t minute_us;
    if (memcmp(minute, text, MINUTE_BYTES) != 0) {
        struct tm utc = {.tm_year = (int)digits(text, 4) - 1900,
                         .tm_mon = (int)digits(text + 5, 2) - 1,
                         .tm_mday = (int)digits(text + 8, 2),
                         .tm_hour = (int)digits(text + 11, 2),
                         .tm_min = (int)digits(text + 14, 2)};
        minute_us = (int64_t)timegm(&utc) * 1000000;
        memcpy(minute, text, MINUTE_BYTES);
    }
    return minute_us + digits(text + 17, 2) * 1000000 + digits(text + 20, 6);
}

static const char *value_of(const char *from, const char *end, const char *key)
{
    const char *found = memmem(from, (size_t)(end - from), key, strlen(key));
    if (found == NULL)
        return NULL;
    found += strlen(key);
    while (found < end && (*found == ' ' || *found == ':' || *found == '"'))
        found++;
    return found;
}

static void take_text(Client *client, const char *text, size_t size)
{
    const char *end = text + size;
    int64_t now = now_us(CLOCK_REALTIME);
    static const char EVENT[] = "\"event\"";
    if (memmem(text, size, "\"reset\"", 7) != NULL)
        got.resets++;
    for (const char *at = memmem(text, size, EVENT, sizeof(EVENT) - 1); at != NULL;
         at = memmem(at, (size_t)(end - at), EVENT, sizeof(EVENT) - 1)) {
        at += sizeof(EVENT) - 1;
        const char *seq = value_of(at, end, "\"seq\"");
        const char *when = value_of(at, end, "\"at\"");
        if (seq == NULL || when == NULL)
            continue;
        long number = strtol(seq, NULL, 10);
        got.gaps += client->seq != 0 && number != client->seq + 1;
        client->seq = number;
        got.events++;
        got.first_us = got.first_us == 0 ? now : got.first_us;
        got.last_us = now;
        if (got.latencies_count < LATENCIES_MAX)
            got.latencies[got.latencies_count++] = (int32_t)(now - time_of(when));
    }
}

/* Takes one whole frame, *from bytes behind the start of the buffer; false while there is none. */
static bool take_frame(Client *client, size_t *from)
{
    char *at = client->buffer + *from;
    const unsigned char *head = (const unsigned char *)at;
    size_t left = client->used - *from;
    if (left < 2)
        return false;
    size_t size = head[1] & 0x7F;
    size_t extra = size == 126 ? 2 : size == 127 ? 8 : 0;
    if (left < 2 + extra)
        return false;
    for (size_t i = 0; i < extra; i++)
        size = i == 0 ? head[2] : size << 8 | head[2 + i];
    if (left < 2 + extra + size)
        return false;
    int opcode = head[0] & 0x0F;
    got.frames++;
    got.bytes += (long)size;
    if (opcode == 1)
        take_text(client, at + 2 + extra, size);
    else if (opcode == 9)
        send_frame(client, 10, at + 2 + extra, size);
    else if (opcode == 8)
        client->open = false;
    *from += 2 + extra + size;
    return true;
}

static void take_handshake(Client *client, const char *message)
{
    char *end = memmem(client->buffer, client->used, "\r\n\r\n", 4);
    if (end == NULL)
        return;
    if (memcmp(client->buffer, "HTTP/1.1 101", 12) != 0) {
        fprintf(stderr, "no upgrade: %.300s\n", client->buffer);
        exit(1);
    }
    size_t head = (size_t)(end + 4 - client->buffer);
    client->used -= head;
    memmove(client->buffer, end + 4, client->used);
    client->upgraded = true;
    send_frame(client, 1, message, strlen(message));
}

static void read_client(Client *client, const char *message)
{
    ssize_t part =
        recv(client->fd, client->buffer + client->used, BUFFER_BYTES - client->used, MSG_DONTWAIT);
    if (part < 0 && errno == EAGAIN)
        return;
    if (part <= 0) {
        client->open = false;
    } else {
        client->used += (size_t)part;
        if (!client->upgraded)
            take_handshake(client, message);
        size_t taken = 0;
        while (client->upgraded && client->open && take_frame(client, &taken))
            ;
        client->used -= taken;
        memmove(client->buffer, client->buffer + taken, client->used);
    }
    if (!client->open) {
        got.lost++;
        close(client->fd);
    }
}

static int by_size(const void *left, const void *right)
{
    int32_t a = *(const int32_t *)left;
    int32_t b = *(const int32_t *)right;
    return a < b ? -1 : a > b;
}

static double percentile(double part)
{
    if (got.latencies_count == 0)
        return -1;
    long index = (long)((double)(got.latencies_count - 1) * part);
    return got.latencies[index] / 1000.0;
}

static Client clients[CLIENTS_MAX];

static Client *open_client(int number, const char *port)
{
    Client *client = &clients[number];
    *client = (Client){
        .fd = socket(AF_INET, SOCK_STREAM, 0), .open = true, .buffer = malloc(BUFFER_BYTES)};
    struct sockaddr_in to = here(port);
    if (connect(client->fd, (struct sockaddr *)&to, sizeof(to)) != 0)
        die("connect");
    return client;
}

static int open_streams(const char *port, char *heads, const char *message)
{
    int count = 0;
    for (char *at = heads; at < message && count < CLIENTS_MAX; count++) {
        char *end = strstr(at, "\r\n\r\n") + 4;
        Client *client = open_client(count, port);
        if (send(client->fd, at, (size_t)(end - at), 0) != end - at)
            die("send");
        while (client->open && !client->upgraded) {
            poll(&(struct pollfd){.fd = client->fd, .events = POLLIN}, 1, -1);
            read_client(client, message);
        }
        at = end + strspn(end, "\n");
    }
    return count;
}

/* From here on is counted: what came before was no news. */
static void start_again(void)
{
    got.frames = got.bytes = got.events = got.latencies_count = 0;
    got.first_us = got.last_us = 0;
    marked = 0;
}

static int read_all(int count, int silent, const char *message)
{
    int poller = epoll_create1(0);
    got.latencies = malloc(LATENCIES_MAX * sizeof(int32_t));
    for (int i = silent; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &clients[i]};
        epoll_ctl(poller, EPOLL_CTL_ADD, clients[i].fd, &event);
    }
    printf("%d\n", count);
    fflush(stdout);
    for (bool quiet = false; !(ended && quiet) && got.lost < count - silent;) {
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(poller, events, EVENTS, QUIET_MS);
        quiet = ready == 0; /* what is still on its way is waited for */
        if (marked)
            start_again();
        for (int i = 0; i < ready; i++)
            read_client(events[i].data.ptr, message);
    }
    qsort(got.latencies, (size_t)got.latencies_count, sizeof(int32_t), by_size);
    printf(
        "{\"frames\": %ld, \"bytes\": %ld, \"events\": %ld, \"gaps\": %ld, \"resets\": %ld, "
        "\"lost\": %d, \"seconds\": %.3f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f}\n",
        got.frames, got.bytes, got.events, got.gaps, got.resets, got.lost,
        (double)(got.last_us - got.first_us) / 1e6, percentile(0.5), percentile(0.99),
        percentile(1));
    return 0;
}

static int drain_main(char **args)
{
    size_t bytes = 0;
    char *heads = read_file(args[1], &bytes);
    const char *message = strrchr(heads, '\n') + 1;
    return read_all(open_streams(args[0], heads, message), atoi(args[2]), message);
}

static int sink_main(char **args)
{
    int count = atoi(args[1]);
    for (int i = 0; i < count; i++)
        open_client(i, args[0])->upgraded = true;
    return read_all(count, atoi(args[2]), "");
}

int main(int argc, char **argv)
{
    signal(SIGTERM, on_end);
    signal(SIGUSR1, on_mark);
    if (argc == 5 && strcmp(argv[1], "floor") == 0)
        return floor_main(argv + 2);
    if (argc == 5 && strcmp(argv[1], "drain") == 0)
        return drain_main(argv + 2);
    if (argc == 5 && strcmp(argv[1], "sink") == 0)
        return sink_main(argv + 2);
    fprintf(stderr, "usage: wire floor|drain|sink PORT …\n");
    return 2;
}
