/* See pool.h. Threads spin for a short while between programs and then sleep, so that an idle engine costs nothing. */
#define _POSIX_C_SOURCE 200809L /* clock_gettime */
#include "pool.h"

#include <immintrin.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SPINS_BEFORE_SLEEP 2000  /* pauses between two programs: some 30 us */
#define SPINS_BEFORE_YIELD 4000  /* pauses within a phase, then the core is offered to others */

typedef struct {
    _Alignas(64) atomic_int next;
    _Alignas(64) atomic_int done;
} counters;

typedef struct {
    pool *owner;
    int index;
} start;

struct pool {
    counters *phases;
    int used; /* phases of the program before */
    int threads;
    pthread_t *helpers;
    start *starts;
    program_fn run;
    void *job;
    _Alignas(64) atomic_int epoch;  /* counts programs */
    _Alignas(64) atomic_int open;   /* the epoch whose program may be entered; 0: none */
    _Alignas(64) atomic_int inside; /* helpers in a program, or about to find that it is closed */
    atomic_int sleepers;
    atomic_int stop;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    double began; /* of the phase under way, by the first thread's clock */
    double seconds[PHASE_KINDS];
};

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

void pool_seconds(const pool *p, double seconds[PHASE_KINDS]) { memcpy(seconds, p->seconds, sizeof p->seconds); }

void phase(worker *self, phase_kind kind, int parts, part_fn run, const void *work) {
    counters *c = &self->owner->phases[self->phase++];
    for (;;) {
        int part = atomic_fetch_add_explicit(&c->next, 1, memory_order_relaxed);
        if (part >= parts) break;
        run(work, part, self->index);
        atomic_fetch_add_explicit(&c->done, 1, memory_order_release);
    }
    for (int spins = 0; atomic_load_explicit(&c->done, memory_order_acquire) < parts; spins++) {
        if (spins < SPINS_BEFORE_YIELD) _mm_pause();
        else sched_yield();
    }
    if (self->index) return;
    double ended = now();
    self->owner->seconds[kind] += ended - self->owner->began;
    self->owner->began = ended;
}

static int wait_for_program(pool *p, int seen) {
    for (int spins = 0; spins < SPINS_BEFORE_SLEEP; spins++) {
        int epoch = atomic_load(&p->epoch);
        if (epoch != seen || atomic_load(&p->stop)) return epoch;
        _mm_pause();
    }
    pthread_mutex_lock(&p->mutex);
    atomic_fetch_add(&p->sleepers, 1);
    while (atomic_load(&p->epoch) == seen && !atomic_load(&p->stop)) pthread_cond_wait(&p->wake, &p->mutex);
    atomic_fetch_sub(&p->sleepers, 1);
    pthread_mutex_unlock(&p->mutex);
    return atomic_load(&p->epoch);
}

static void *help(void *argument) {
    start *own = argument;
    pool *p = own->owner;
    int seen = 0;
    for (;;) {
        seen = wait_for_program(p, seen);
        if (atomic_load(&p->stop)) return NULL;
        atomic_fetch_add(&p->inside, 1);
        if (atomic_load(&p->open) == seen) {
            worker self = {p, own->index, 0};
            p->run(p->job, &self);
        }
        atomic_fetch_sub(&p->inside, 1);
    }
}

static void wake_all(pool *p) {
    if (!atomic_load(&p->sleepers)) return;
    pthread_mutex_lock(&p->mutex);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->mutex);
}

void pool_run(pool *p, program_fn run, void *job) {
    memset(p->phases, 0, (size_t)p->used * sizeof *p->phases);
    p->run = run;
    p->job = job;
    int epoch = atomic_load(&p->epoch) + 1;
    if (epoch <= 0) epoch = 1;
    atomic_store(&p->open, epoch);
    atomic_store(&p->epoch, epoch);
    wake_all(p);
    p->began = now();
    worker self = {p, 0, 0};
    run(job, &self);
    atomic_store(&p->open, 0);
    for (int spins = 0; atomic_load(&p->inside); spins++) {
        if (spins < SPINS_BEFORE_YIELD) _mm_pause();
        else sched_yield();
    }
    p->used = self.phase;
}

int pool_threads(const pool *p) { return p->threads; }

pool *pool_new(int threads, int max_phases) {
    pool *p = aligned_alloc(64, (sizeof *p + 63) / 64 * 64);
    if (!p) return NULL;
    memset(p, 0, sizeof *p);
    p->threads = 1; /* grows as they start, so that pool_free joins those that did */
    p->phases = aligned_alloc(64, (size_t)max_phases * sizeof *p->phases);
    p->helpers = calloc((size_t)threads, sizeof *p->helpers);
    p->starts = calloc((size_t)threads, sizeof *p->starts);
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->wake, NULL);
    int complete = p->phases && p->helpers && p->starts;
    if (complete) memset(p->phases, 0, (size_t)max_phases * sizeof *p->phases);
    for (int i = 1; complete && i < threads; i++) {
        p->starts[i] = (start){p, i};
        complete = !pthread_create(&p->helpers[i], NULL, help, &p->starts[i]);
        p->threads += complete;
    }
    if (complete) return p;
    pool_free(p);
    return NULL;
}

void pool_free(pool *p) {
    atomic_store(&p->stop, 1);
    wake_all(p);
    for (int i = 1; i < p->threads; i++) pthread_join(p->helpers[i], NULL);
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->mutex);
    free(p->phases);
    free(p->helpers);
    free(p->starts);
    free(p);
}
