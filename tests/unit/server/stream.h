/* A WebSocket client that blocks, for tests of the stream. */
#ifndef HEADGATE_TESTS_UNIT_SERVER_STREAM_H
#define HEADGATE_TESTS_UNIT_SERVER_STREAM_H

#include "served.h"

typedef struct Stream {
    int fd;
    json_t *frame; ///< the array that came last
    size_t next;
    int close_status; ///< once it was closed
    char close_why[130];
} Stream;

static inline char *upgrade_text(const char *path, const char *headers)
{
    char more[2048];
    snprintf(more, sizeof(more),
             "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s",
             headers);
    return compose("GET", path, more, NULL);
}

static const char SUBPROTOCOL[] = "Sec-WebSocket-Protocol: headgate.v1\r\n";

/* Asks for an upgrade and returns the answer; *ret_fd stays open. */
static inline Reply upgrade(const char *path, const char *headers, int *ret_fd)
{
    *ret_fd = dial();
    char *text = upgrade_text(path, headers);
    send_text(*ret_fd, text);
    free(text);
    return read_reply(*ret_fd, true);
}

static inline Stream stream_as(const char *name)
{
    char headers[512];
    snprintf(headers, sizeof(headers), "%sAuthorization: Bearer %s\r\n", SUBPROTOCOL,
             served.api[person(name)]);
    Stream stream = {0};
    Reply reply = upgrade("/api/stream", headers, &stream.fd);
    if (reply.status != 101)
        fail_msg("no upgrade: %d %s", reply.status, reply.body);
    reply_done(&reply);
    return stream;
}

static inline void stream_done(Stream *stream)
{
    json_decref(stream->frame);
    close(stream->fd);
    *stream = (Stream){.fd = -1};
}

static inline void send_frame(int fd, int opcode, const char *bytes, size_t size)
{
    unsigned char head[14] = {(unsigned char)(0x80 | opcode)};
    size_t used = 2;
    if (size < 126) {
        head[1] = (unsigned char)(0x80 | size);
    } else if (size < 65536) {
        head[1] = 0x80 | 126;
        head[used++] = (unsigned char)(size >> 8);
        head[used++] = (unsigned char)size;
    } else {
        head[1] = 0x80 | 127;
        for (int shift = 56; shift >= 0; shift -= 8)
            head[used++] = (unsigned char)((uint64_t)size >> shift);
    }
    used += 4; /* a mask of zeros leaves the bytes as they are */
    send_bytes(fd, head, used);
    send_bytes(fd, bytes, size);
}

static inline void stream_send(Stream *stream, const char *text)
{
    send_frame(stream->fd, 1, text, strlen(text));
}

static inline bool recv_all(int fd, void *bytes, size_t size)
{
    return size == 0 || recv(fd, bytes, size, MSG_WAITALL) == (ssize_t)size;
}

/* Reads a frame; answers pings. False at the end. */
static inline bool read_frame(Stream *stream)
{
    for (;;) {
        unsigned char head[2];
        unsigned char more[8];
        if (!recv_all(stream->fd, head, 2))
            return false;
        size_t size = head[1] & 0x7F;
        size_t extra = size == 126 ? 2 : size == 127 ? 8 : 0;
        if (!recv_all(stream->fd, more, extra))
            return false;
        for (size_t i = 0; i < extra; i++)
            size = i == 0 ? more[0] : size << 8 | more[i];
        char *bytes = calloc(1, size + 1);
        bool ok = recv_all(stream->fd, bytes, size);
        int opcode = head[0] & 0x0F;
        if (ok && opcode == 8 && size >= 2) {
            stream->close_status = (unsigned char)bytes[0] << 8 | (unsigned char)bytes[1];
            snprintf(stream->close_why, sizeof(stream->close_why), "%.*s", (int)(size - 2),
                     bytes + 2);
        }
        if (ok && opcode == 1) {
            json_decref(stream->frame);
            stream->frame = json_loadb(bytes, size, 0, NULL);
            stream->next = 0;
        } else if (ok && opcode == 9) {
            send_frame(stream->fd, 10, bytes, size);
        }
        free(bytes);
        if (!ok || opcode == 8)
            return false;
        if (opcode == 1)
            return true;
    }
}

/* The next message of that type (others are dropped); borrowed until the next call. NULL at the
 * end. */
static inline const json_t *stream_next(Stream *stream, const char *type)
{
    for (;;) {
        while (stream->frame != NULL && stream->next < json_array_size(stream->frame)) {
            const json_t *message = json_array_get(stream->frame, stream->next++);
            if (strcmp(text_at(message, "t"), type) == 0)
                return message;
        }
        if (!read_frame(stream))
            return NULL;
    }
}

/* The server must close the stream with this status and reason, and say nothing more: a second
 * close frame would make a browser forget the first. */
static inline void expect_close(Stream *stream, int status, const char *why)
{
    const char answer[] = {(char)(status >> 8), (char)(status & 0xFF)};
    char more = 0;
    while (read_frame(stream))
        continue;
    assert_int_equal(stream->close_status, status);
    assert_string_equal(stream->close_why, why);
    send_frame(stream->fd, 8, answer, sizeof(answer));
    assert_true(recv(stream->fd, &more, 1, 0) <= 0);
    stream_done(stream);
}

#endif
