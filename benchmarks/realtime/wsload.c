/* wsload - a WebSocket subscriber load generator. One thread, epoll, no dependency.
 *
 *   cc -O2 -Wall -o wsload wsload.c
 *   wsload -p PORT -u PATH -c CONNS -g GROUPS [-d SECONDS] [-m raw|sio|assistify] [-U PATH -S TEXT -V TEXT]
 *          [-w INFLIGHT] [-T SECONDS] [-n NAP_US] [-z CONNS]
 *
 * Opens CONNS connections; connection i belongs to group i % GROUPS, which replaces every %d in the path and in the
 * hello (-S, a text frame sent after the handshake); %i is replaced by the connection. Every second round of groups
 * takes -U and -V where they are given: the agent beside the customer. A connection counts as connected
 *   raw: after the handshake;  sio (Engine.IO 4, Socket.IO 5): once "40{...}" came back;
 *   assistify: once the welcome came back.
 *
 * Timed messages hold a CLOCK_MONOTONIC time in ns: now - t goes into a log-scale histogram (64 steps an octave, under
 * 1.6 % wide). raw, sio: "t":<ns>, and "seq":<n> must be 1, 2, 3 ... on each connection since the last reset.
 * assistify: reply.delta whose text is the time in TEXT_BYTES digits; "from" must be where the last one ended. Deltas
 * that the server merged count once each, and are timed by their oldest.
 *
 * The last -z connections have small buffers, and read no more from the line "stall" on stdin: they are in no count
 * but "stalled_gone", how many of them the server dropped, and "gone_s", how long after "stall" the last one went.
 *
 * With -d it reports after that many seconds and ends.  Without -d it takes lines on stdin once
 * everything is connected:  reset | report | stall | quit .  One JSON object a line on stdout.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { IDLE, CONNECTING, HANDSHAKE, JOINING, OPEN, DEAD };

typedef struct {
    int fd, state, group, fin_wait;
    uint32_t left_len, left_cap;
    char *left;               /* an incomplete frame, kept until the rest comes */
    uint64_t frames, bytes, seq;
} conn_t;

#define BUFSZ (1 << 20)
static char buf[BUFSZ + 16];
static conn_t *conns;
static int nconns = 100, ngroups = 1, port = 8000, inflight_max = 64, sio = 0, own = 0, ep;
static double duration = 0, connect_limit = 60;
static int nap_us = 250;
static const char *path = "/", *hello = NULL, *path2 = NULL, *hello2 = NULL;
#define TEXT_BYTES 16
static int connected, failed, closed_early, inflight, next_conn;
static uint64_t frames, bytes_in, timed, gaps, misordered, reads, pings, closes, other, merged;
static uint64_t first_ns, last_ns, stall_ns;
static int nstalled, stalled_gone;
static double gone_s;

/* histogram of microseconds: 64 buckets an octave */
#define SUB 64
static uint64_t hist[64 * SUB], lat_max;

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + t.tv_nsec;
}
static void hist_add(uint64_t us) {
    if (us > lat_max) lat_max = us;
    int idx;
    if (us < SUB) idx = (int)us;
    else {
        int e = 63 - __builtin_clzll(us);          /* us >= 64: e >= 6 */
        idx = (e - 5) * SUB + (int)((us >> (e - 6)) & (SUB - 1));
    }
    hist[idx]++;
}
static double hist_at(double q) {
    uint64_t want = (uint64_t)(q * timed + 0.5), n = 0;
    if (!timed) return 0;
    if (want < 1) want = 1;
    for (int i = 0; i < 64 * SUB; i++) {
        n += hist[i];
        if (n >= want) {
            if (i < SUB) return i;
            int e = i / SUB + 5, s = i % SUB;      /* upper edge of the bucket */
            return (double)(((uint64_t)(SUB + s + 1)) << (e - 6));
        }
    }
    return lat_max;
}

static void fail(conn_t *c) {
    if (c->state == OPEN) closed_early++;
    else if (c->state != DEAD) { failed++; inflight--; }
    c->state = DEAD;
    if (c->fd >= 0) close(c->fd);
    c->fd = -1;
}
static void send_frame(conn_t *c, int op, const char *p, size_t n) {
    unsigned char f[2048];
    static const unsigned char key[4] = {0x37, 0xfa, 0x21, 0x3d};
    size_t h = 0;
    if (n > 1900) n = 1900;
    f[h++] = 0x80 | op;
    if (n < 126) f[h++] = 0x80 | n;
    else { f[h++] = 0x80 | 126; f[h++] = n >> 8; f[h++] = n & 255; }
    memcpy(f + h, key, 4); h += 4;
    for (size_t i = 0; i < n; i++) f[h + i] = p[i] ^ key[i & 3];
    if (send(c->fd, f, h + n, MSG_NOSIGNAL) < 0) fail(c);
}
static void fmt(char *out, size_t cap, const char *tpl, int g, int i) {
    size_t n = 0;
    for (; *tpl && n + 16 < cap; tpl++) {
        if (tpl[0] == '%' && (tpl[1] == 'd' || tpl[1] == 'i')) n += snprintf(out + n, cap - n, "%d", *++tpl == 'd' ? g : i);
        else if (!strncmp(tpl, "%012d", 5)) { n += snprintf(out + n, cap - n, "%012d", g); tpl += 4; }
        else out[n++] = *tpl;
    }
    out[n] = 0;
}
static int second(const conn_t *c) { return ((c - conns) / ngroups) & 1; }
static int is_stalled(const conn_t *c) { return stall_ns && c - conns >= nconns - nstalled; }
static void opened(conn_t *c) {
    c->state = OPEN; connected++; inflight--;
}
static void start_one(conn_t *c) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    inflight++;
    c->state = CONNECTING;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) { fail(c); return; }
    int one = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    int small = 8192;
    if (c - conns >= nconns - nstalled) setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    if (connect(c->fd, (struct sockaddr *)&a, sizeof a) < 0 && errno != EINPROGRESS) { fail(c); return; }
    struct epoll_event e = {.events = EPOLLOUT, .data.ptr = c};
    epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
}
static int64_t number_after(const char *p, size_t n, const char *key, size_t k) {
    const char *m = memmem(p, n, key, k), *end = p + n;
    if (!m) return -1;
    m += k;
    while (m < end && *m == ' ') m++;
    if (m == end || *m < '0' || *m > '9') return -1;
    int64_t v = 0;
    while (m < end && *m >= '0' && *m <= '9') v = v * 10 + (*m++ - '0');
    return v;
}
static void message(conn_t *c, const char *p, size_t n, uint64_t now) {
    if (sio) {
        if (n >= 1 && p[0] == '2' && n < 8) { pings++; send_frame(c, 1, "3", 1); return; }
        if (c->state == JOINING) {
            if (n >= 1 && p[0] == '0') { send_frame(c, 1, "40", 2); return; }
            if (n >= 2 && p[0] == '4' && p[1] == '0') opened(c);
            else fail(c);
            return;
        }
    }
    if (own && c->state == JOINING) {
        if (memmem(p, n, "\"type\":\"welcome\"", 16)) opened(c);
        return;
    }
    int64_t t, s;
    uint64_t count = 1;
    if (own) {
        t = number_after(p, n, "\"text\":\"", 8);
        int64_t from = number_after(p, n, "\"from\":", 7), to = number_after(p, n, "\"to\":", 5);
        if (t < 0 || from < 0 || to <= from) { other++; return; }
        char digits[TEXT_BYTES + 1] = {0};
        memcpy(digits, (char *)memmem(p, n, "\"text\":\"", 8) + 8, TEXT_BYTES);
        t = strtoll(digits, NULL, 10);
        count = (to - from) / TEXT_BYTES;
        s = from / TEXT_BYTES + 1;
    } else {
        t = number_after(p, n, "\"t\":", 4);
        if (t < 0) { other++; return; }
        s = number_after(p, n, "\"seq\":", 6);
    }
    frames += count; c->frames += count; bytes_in += n; c->bytes += n; timed++;
    if (count > 1) merged += count - 1;
    if (s > 0) {
        if ((uint64_t)s > c->seq + 1) gaps += s - c->seq - 1;
        else if ((uint64_t)s <= c->seq) misordered++;
        if ((uint64_t)s + count - 1 > c->seq) c->seq = s + count - 1;
    }
    if (!first_ns) first_ns = now;
    last_ns = now;
    hist_add(now > (uint64_t)t ? (now - (uint64_t)t) / 1000 : 0);
}
/* parses whole frames, returns how many bytes were used */
static size_t parse(conn_t *c, char *p, size_t n, uint64_t now) {
    size_t o = 0;
    if (c->state == HANDSHAKE) {
        char *e = memmem(p, n, "\r\n\r\n", 4);
        if (!e) return 0;
        /* the Accept of RFC 6455's own sample key */
        if (n < 12 || memcmp(p + 8, " 101", 4) || !memmem(p, e - p, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 28)) {
            if (!failed) fprintf(stderr, "wsload: refused: %.*s\n", (int)(n < 300 ? n : 300), p);
            fail(c);
            return n;
        }
        o = e - p + 4;
        if (sio) c->state = JOINING;
        else {
            const char *say = second(c) && hello2 ? hello2 : hello;
            if (own) c->state = JOINING;
            if (say) { char t[2048]; fmt(t, sizeof t, say, c->group, c - conns); send_frame(c, 1, t, strlen(t)); }
            if (!own && c->state != DEAD) opened(c);
        }
    }
    while (c->state != DEAD && n - o >= 2) {
        unsigned char *f = (unsigned char *)p + o;
        size_t h = 2; uint64_t len = f[1] & 127;
        if (len == 126) { if (n - o < 4) break; len = (f[2] << 8) | f[3]; h = 4; }
        else if (len == 127) {
            if (n - o < 10) break;
            len = 0; for (int i = 0; i < 8; i++) len = len << 8 | f[2 + i];
            h = 10;
        }
        if (n - o < h + len) break;
        switch (f[0] & 15) {
        case 0: case 1: case 2: message(c, (char *)f + h, len, now); break;
        case 9: pings++; send_frame(c, 10, (char *)f + h, len); break;
        case 8: closes++; fail(c); return n;
        default: break;
        }
        o += h + len;
    }
    return o;
}
static void readable(conn_t *c) {
    size_t have = c->left_len;
    if (have) memcpy(buf, c->left, have);
    c->left_len = 0;
    for (int round = 0; round < 4; round++) {
        size_t room = BUFSZ - have;
        ssize_t r = recv(c->fd, buf + have, room, 0);
        reads++;
        if (r == 0) { fail(c); return; }
        if (r < 0) { if (errno != EAGAIN && errno != EINTR) { fail(c); return; } r = 0; }
        size_t n = have + r, used = r ? parse(c, buf, n, now_ns()) : 0;
        if (c->state == DEAD) return;
        have = n - used;
        if (have && used) memmove(buf, buf + used, have);
        if ((size_t)r < room) break;
    }
    if (have) {
        if (have > c->left_cap) { c->left_cap = have + 256; c->left = realloc(c->left, c->left_cap); }
        memcpy(c->left, buf, have);
        c->left_len = have;
    }
}
static void writable(conn_t *c) {
    int err = 0; socklen_t l = sizeof err;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &l);
    if (err) { fail(c); return; }
    char p[1024], req[2048];
    fmt(p, sizeof p, second(c) && path2 ? path2 : path, c->group, c - conns);
    int n = snprintf(req, sizeof req,
        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
        p, port, own ? "Sec-WebSocket-Protocol: assistify.v1\r\n" : "");
    if (send(c->fd, req, n, MSG_NOSIGNAL) != n) { fail(c); return; }
    c->state = HANDSHAKE;
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
}
static double cpu_s(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}
static void reset(void) {
    frames = bytes_in = timed = gaps = misordered = reads = pings = closes = other = merged = 0;
    first_ns = last_ns = lat_max = 0;
    memset(hist, 0, sizeof hist);
    for (int i = 0; i < nconns; i++) conns[i].frames = conns[i].bytes = conns[i].seq = 0;
}
static void stall(uint64_t now) {
    stall_ns = now;
    for (int i = nconns - nstalled; i < nconns; i++) {
        struct epoll_event e = {.events = EPOLLRDHUP, .data.ptr = &conns[i]};
        if (conns[i].state == OPEN) epoll_ctl(ep, EPOLL_CTL_MOD, conns[i].fd, &e);
    }
}
static void gone(conn_t *c, uint64_t now) {
    stalled_gone++;
    gone_s = (now - stall_ns) / 1e9;
    c->state = DEAD;
    close(c->fd);
    c->fd = -1;
}
static void report(const char *ev, double connect_s) {
    uint64_t lo = UINT64_MAX, hi = 0;
    for (int i = 0; i < nconns && !is_stalled(&conns[i]); i++) {
        if (conns[i].frames < lo) lo = conns[i].frames;
        if (conns[i].frames > hi) hi = conns[i].frames;
    }
    double span = first_ns ? (last_ns - first_ns) / 1e9 : 0;
    printf("{\"event\":\"%s\",\"connected\":%d,\"failed\":%d,\"closed_early\":%d,\"connect_s\":%.3f,\"frames\":%lu,"
        "\"bytes\":%lu,\"span_s\":%.3f,\"frames_per_s\":%.0f,\"p50_ms\":%.3f,\"p90_ms\":%.3f,\"p99_ms\":%.3f,"
        "\"p999_ms\":%.3f,\"max_ms\":%.3f,\"conn_min\":%lu,\"conn_max\":%lu,\"lost\":%lu,\"misordered\":%lu,"
        "\"pings\":%lu,\"closes\":%lu,\"other\":%lu,\"merged\":%lu,\"reads\":%lu,\"cpu_s\":%.3f,"
        "\"stalled_gone\":%d,\"gone_s\":%.3f}\n",
        ev, connected, failed, closed_early, connect_s, frames, bytes_in, span, span > 0 ? frames / span : 0,
        hist_at(.5) / 1e3, hist_at(.9) / 1e3, hist_at(.99) / 1e3, hist_at(.999) / 1e3, lat_max / 1e3,
        lo == UINT64_MAX ? 0 : lo, hi, gaps, misordered, pings, closes, other, merged, reads, cpu_s(), stalled_gone, gone_s);
    fflush(stdout);
}
int main(int argc, char **argv) {
    int o;
    while ((o = getopt(argc, argv, "c:g:d:p:u:U:m:S:V:w:T:n:z:")) != -1) switch (o) {
        case 'c': nconns = atoi(optarg); break;
        case 'g': ngroups = atoi(optarg); break;
        case 'd': duration = atof(optarg); break;
        case 'p': port = atoi(optarg); break;
        case 'u': path = optarg; break;
        case 'U': path2 = optarg; break;
        case 'm': sio = !strcmp(optarg, "sio"); own = !strcmp(optarg, "assistify"); break;
        case 'S': hello = optarg; break;
        case 'V': hello2 = optarg; break;
        case 'w': inflight_max = atoi(optarg); break;
        case 'n': nap_us = atoi(optarg); break;
        case 'z': nstalled = atoi(optarg); break;
        case 'T': connect_limit = atof(optarg); break;
        default: return 2;
    }
    struct rlimit rl;
    getrlimit(RLIMIT_NOFILE, &rl); rl.rlim_cur = rl.rlim_max; setrlimit(RLIMIT_NOFILE, &rl);
    conns = calloc(nconns, sizeof *conns);
    for (int i = 0; i < nconns; i++) { conns[i].fd = -1; conns[i].group = i % ngroups; }
    ep = epoll_create1(EPOLL_CLOEXEC);
    uint64_t t0 = now_ns(), ready_ns = 0;
    double connect_s = 0;
    char line[256]; size_t ll = 0;
    static struct epoll_event evs[1024];
    for (;;) {
        while (next_conn < nconns && inflight < inflight_max) start_one(&conns[next_conn++]);
        /* Once connected, look every nap_us instead of sleeping in epoll_wait: nothing then has to be woken for
         * each frame (in a virtual machine a wake-up of the other core costs the server more than the send), and
         * frames are taken in batches. It adds nap_us at most, half of that on average, to a latency. */
        int n;
        if (ready_ns && nap_us) {
            n = epoll_wait(ep, evs, 1024, 0);
            if (n < 1024) {
                struct timespec ts = {0, nap_us * 1000L};
                nanosleep(&ts, NULL);
            }
        } else n = epoll_wait(ep, evs, 1024, 100);
        for (int i = 0; i < n; i++) {
            conn_t *c = evs[i].data.ptr;
            if (!c) {                                            /* stdin */
                ssize_t r = read(0, line + ll, sizeof line - 1 - ll);
                if (r <= 0) return 0;
                ll += r; line[ll] = 0;
                char *nl;
                while ((nl = strchr(line, '\n'))) {
                    *nl = 0;
                    if (!strcmp(line, "reset")) { reset(); puts("{\"event\":\"reset\"}"); fflush(stdout); }
                    else if (!strcmp(line, "stall")) { stall(now_ns()); puts("{\"event\":\"stall\"}"); fflush(stdout); }
                    else if (!strcmp(line, "report")) report("report", connect_s);
                    else if (!strcmp(line, "quit")) return 0;
                    ll -= nl + 1 - line;
                    memmove(line, nl + 1, ll + 1);
                }
                continue;
            }
            if (c->state == DEAD) continue;
            if (is_stalled(c)) gone(c, now_ns());
            else if (c->state == CONNECTING) writable(c);
            else readable(c);
        }
        uint64_t now = now_ns();
        if (!ready_ns) {
            int over = (now - t0) / 1e9 > connect_limit;
            if (connected + failed >= nconns || over) {
                ready_ns = now;
                connect_s = (now - t0) / 1e9;
                report("ready", connect_s);
                reset();
                if (over) next_conn = nconns;
                if (!duration) {
                    struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};
                    epoll_ctl(ep, EPOLL_CTL_ADD, 0, &e);
                }
            }
        } else if (duration && (now - ready_ns) / 1e9 >= duration) {
            report("report", connect_s);
            return 0;
        }
    }
}
