/* What libc would ask of WASI is answered inside the module. Part of guest.c. */

typedef int32_t i32;
typedef int64_t i64;
#define WASI(name) __imported_wasi_snapshot_preview1_##name
#define EBADF_WASI 8
i32 WASI(clock_time_get)(i32 id, i64 precision, i32 out) { *(uint64_t *)out = control.now_ms * 1000000ull; return 0; }
i32 WASI(clock_res_get)(i32 id, i32 out) { *(uint64_t *)out = 1000000; return 0; }
i32 WASI(fd_write)(i32 fd, i32 parts, i32 n, i32 out) { return EBADF_WASI; }
i32 WASI(fd_read)(i32 fd, i32 parts, i32 n, i32 out) { return EBADF_WASI; }
i32 WASI(fd_close)(i32 fd) { return EBADF_WASI; }
i32 WASI(fd_seek)(i32 fd, i64 offset, i32 whence, i32 out) { return EBADF_WASI; }
i32 WASI(fd_fdstat_get)(i32 fd, i32 out) { return EBADF_WASI; }
i32 WASI(fd_fdstat_set_flags)(i32 fd, i32 flags) { return EBADF_WASI; }
i32 WASI(fd_prestat_get)(i32 fd, i32 out) { return EBADF_WASI; }
i32 WASI(fd_prestat_dir_name)(i32 fd, i32 path, i32 n) { return EBADF_WASI; }
i32 WASI(environ_get)(i32 a, i32 b) { return 0; }
i32 WASI(environ_sizes_get)(i32 a, i32 b) { *(i32 *)a = 0; *(i32 *)b = 0; return 0; }
i32 WASI(random_get)(i32 at, i32 n) { memset((void *)at, 0x42, n); return 0; }
i32 WASI(sched_yield)(void) { return 0; }
i32 WASI(poll_oneoff)(i32 a, i32 b, i32 c, i32 d) { return EBADF_WASI; }
int close(int fd) { return -1; } /* the only caller of fd_close, which the definition above does not replace */
_Noreturn void WASI(proc_exit)(i32 code) { __builtin_trap(); }
