/* Threads that run one program together, phase by phase.
 *
 * A program is a function that every thread runs from its beginning. It calls `phase`, which deals out the parts of one
 * phase and returns when all of them are done. A thread that comes late, because the system had taken its core away,
 * finds the earlier phases done and goes on: nobody waits for a thread, only for parts under way.
 */
#ifndef T5_POOL_H
#define T5_POOL_H

typedef struct pool pool;

typedef struct {
    pool *owner;
    int index; /* 0 is the caller of pool_run */
    int phase;
} worker;

typedef void (*program_fn)(void *job, worker *self);
typedef void (*part_fn)(const void *work, int part, int index);

/* Makes a pool of `threads` threads, the caller of `pool_run` counted in. NULL when memory or threads are short. */
pool *pool_new(int threads, int max_phases);

/* Ends the threads and frees the pool; no program may run. */
void pool_free(pool *p);

int pool_threads(const pool *p);

/* Runs a program on all threads; returns when it is done. One call at a time. */
void pool_run(pool *p, program_fn run, void *job);

/* What a phase's time is counted as. */
typedef enum { PRODUCTS, ATTENTION, QUANTIZING, PHASE_KINDS } phase_kind;

/* Runs `run(work, part, index of the thread)` for the parts 0 .. parts-1, dealt out among the threads. */
void phase(worker *self, phase_kind kind, int parts, part_fn run, const void *work);

/* Copies the seconds that each kind of phase has taken since the pool was made, in the order of phase_kind. */
void pool_seconds(const pool *p, double seconds[PHASE_KINDS]);

#endif
