"""Linux's system calls by name: which ones a guest may call, and what happens to the others.

Each name has its number on x86-64 and on aarch64, or None where the architecture does not have the call.

Allowed are the calls that `python -m tests.sandbox.tracing` sees the corpus make, and the calls that Python's own
library may make besides.
"""

Table = dict[str, tuple[int | None, int | None]]

ALLOWED: Table = {
    # Files and folders; Landlock decides which ones.
    "read": (0, 63), "write": (1, 64), "readv": (19, 65), "writev": (20, 66), "pread64": (17, 67),
    "pwrite64": (18, 68), "preadv": (295, 69), "pwritev": (296, 70), "preadv2": (327, 286), "pwritev2": (328, 287),
    "lseek": (8, 62), "open": (2, None), "openat": (257, 56), "creat": (85, None), "close": (3, 57),
    "close_range": (436, 436), "dup": (32, 23), "dup2": (33, None), "dup3": (292, 24), "fcntl": (72, 25),
    "flock": (73, 32), "fsync": (74, 82), "fdatasync": (75, 83), "fadvise64": (221, 223), "fallocate": (285, 47),
    "ftruncate": (77, 46), "truncate": (76, 45), "stat": (4, None), "fstat": (5, 80), "lstat": (6, None),
    "newfstatat": (262, 79), "statx": (332, 291), "access": (21, None), "faccessat": (269, 48),
    "faccessat2": (439, 439), "readlink": (89, None), "readlinkat": (267, 78), "getdents": (78, None),
    "getdents64": (217, 61), "getcwd": (79, 17), "chdir": (80, 49), "fchdir": (81, 50), "mkdir": (83, None),
    "mkdirat": (258, 34), "rmdir": (84, None), "rename": (82, None), "renameat": (264, 38), "renameat2": (316, 276),
    "link": (86, None), "linkat": (265, 37), "symlink": (88, None), "symlinkat": (266, 36), "unlink": (87, None),
    "unlinkat": (263, 35), "umask": (95, 166), "statfs": (137, 43), "fstatfs": (138, 44),
    "copy_file_range": (326, 285), "sendfile": (40, 71), "getxattr": (191, 8), "lgetxattr": (192, 9),
    "fgetxattr": (193, 10), "listxattr": (194, 11), "llistxattr": (195, 12), "flistxattr": (196, 13),
    "pipe": (22, None), "pipe2": (293, 59),
    # The process' own memory.
    "munmap": (11, 215), "mprotect": (10, 226), "mremap": (25, 216), "madvise": (28, 233), "brk": (12, 214),
    "mincore": (27, 232), "msync": (26, 227), "membarrier": (324, 283), "get_mempolicy": (239, 236),
    "mseal": (462, 462), "map_shadow_stack": (453, 453),
    # The process' own processes and threads, and questions about itself.
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "wait4": (61, 260), "waitid": (247, 95),
    "exit": (60, 93), "exit_group": (231, 94), "getpid": (39, 172), "getppid": (110, 173), "gettid": (186, 178),
    "getpgid": (121, 155), "getpgrp": (111, None), "setpgid": (109, 154), "getsid": (124, 156),
    "setsid": (112, 157), "set_tid_address": (218, 96), "set_robust_list": (273, 99), "get_robust_list": (274, 100),
    "rseq": (334, 293), "arch_prctl": (158, None), "getrusage": (98, 165), "times": (100, 153),
    "sysinfo": (99, 179), "uname": (63, 160), "getcpu": (309, 168), "getrlimit": (97, 163), "setrlimit": (160, 164),
    "getuid": (102, 174), "geteuid": (107, 175), "getgid": (104, 176), "getegid": (108, 177),
    "getresuid": (118, 148), "getresgid": (120, 150), "getgroups": (115, 158), "capget": (125, 90),
    # Signals; the kernel and Landlock decide to which processes.
    "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "rt_sigpending": (127, 136),
    "rt_sigsuspend": (130, 133), "rt_sigtimedwait": (128, 137), "sigaltstack": (131, 132), "pause": (34, None),
    "alarm": (37, None), "setitimer": (38, 103), "getitimer": (36, 102), "restart_syscall": (219, 128),
    # Time, waiting, and the process' share of the processors.
    "clock_gettime": (228, 113), "clock_getres": (229, 114), "clock_nanosleep": (230, 115), "nanosleep": (35, 101),
    "gettimeofday": (96, 169), "time": (201, None), "poll": (7, None), "ppoll": (271, 73), "select": (23, None),
    "pselect6": (270, 72), "epoll_create": (213, None), "epoll_create1": (291, 20), "epoll_ctl": (233, 21),
    "epoll_wait": (232, None), "epoll_pwait": (281, 22), "epoll_pwait2": (441, 441), "eventfd": (284, None),
    "eventfd2": (290, 19), "futex": (202, 98), "sched_yield": (24, 124), "sched_getaffinity": (204, 123),
    "sched_getparam": (143, 121), "sched_getscheduler": (145, 120), "sched_getattr": (315, 275),
    "sched_get_priority_max": (146, 125), "sched_get_priority_min": (147, 126), "getpriority": (140, 141),
    "ioprio_get": (252, 31), "getrandom": (318, 278),
    # A pair of sockets that the process has made.
    "recvfrom": (45, 207), "recvmsg": (47, 212), "shutdown": (48, 210), "getsockname": (51, 204),
    "getpeername": (52, 205), "setsockopt": (54, 208), "getsockopt": (55, 209),
}  # fmt: skip
"""Allowed with any arguments."""

REFUSED: Table = {
    # Calls that concern other processes or the machine.
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219), "pidfd_getfd": (438, 438),
    "pidfd_open": (434, 434), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "setns": (308, 268), "unshare": (272, 97), "open_tree": (428, 428),
    "move_mount": (429, 429), "fsopen": (430, 430), "fsmount": (432, 432), "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "mknod": (133, None), "mknodat": (259, 33),
    "ioprio_set": (251, 30),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104), "swapon": (167, 224),
    "reboot": (169, 142), "settimeofday": (164, 170), "clock_settime": (227, 112), "acct": (163, 89),
    "quotactl": (179, 60), "syslog": (103, 116), "personality": (135, 92), "setuid": (105, 146),
    "setgid": (106, 144), "setreuid": (113, 145), "setregid": (114, 143), "setresuid": (117, 147),
    "setresgid": (119, 149), "setgroups": (116, 159), "setfsuid": (122, 151), "setfsgid": (123, 152),
    "capset": (126, 91), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    # Memory that no limit counts, or that several processes can share.
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "process_madvise": (440, 440), "mlock": (149, 228),
    "mlock2": (325, 284), "mlockall": (151, 230), "munlock": (150, 229), "munlockall": (152, 231),
    "set_mempolicy": (238, 237), "mbind": (237, 235), "migrate_pages": (256, 238), "move_pages": (279, 239),
    "set_mempolicy_home_node": (450, 450), "shmget": (29, 194), "shmat": (30, 196), "shmdt": (67, 197),
    "shmctl": (31, 195), "semget": (64, 190), "semop": (65, 193), "semctl": (66, 191), "semtimedop": (220, 192),
    "msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187), "mq_open": (240, 180),
    "inotify_init": (253, None), "inotify_init1": (294, 26), "inotify_add_watch": (254, 27),
    "inotify_rm_watch": (255, 28), "timerfd_create": (283, 85), "timerfd_settime": (286, 86),
    "timerfd_gettime": (287, 87), "signalfd": (282, None), "signalfd4": (289, 74), "splice": (275, 76),
    "tee": (276, 77), "vmsplice": (278, 75),
    # A socket with a name belongs to another process, whatever Landlock says of files; and no open file may travel
    # through one.
    "connect": (42, 203), "bind": (49, 200), "listen": (50, 201), "accept": (43, 202), "accept4": (288, 242),
    "sendmsg": (46, 211), "sendmmsg": (307, 269),
    # The guest's own filters are already on by now.
    "seccomp": (317, 277), "landlock_create_ruleset": (444, 444), "landlock_add_rule": (445, 445),
    "landlock_restrict_self": (446, 446),
}  # fmt: skip
"""Refused with EPERM: calls that honest code tries and can do without, or that only hostile code makes."""

UNDONE: Table = {
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, None),
    "lchown": (94, None), "fchown": (93, 55), "fchownat": (260, 54), "utime": (132, None), "utimes": (235, None),
    "futimesat": (261, None), "utimensat": (280, 88), "setxattr": (188, 5), "lsetxattr": (189, 6),
    "fsetxattr": (190, 7), "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
}  # fmt: skip
"""Answered as if done, but not done: calls that Landlock does not look at, and that honest code makes when it copies
files."""

BY_ARGUMENT: Table = {
    "mmap": (9, 222), "ioctl": (16, 29), "socket": (41, 198), "socketpair": (53, 199), "clone": (56, 220),
    "clone3": (435, 435), "prctl": (157, 167), "kill": (62, 129), "tkill": (200, 130), "tgkill": (234, 131),
    "prlimit64": (302, 261), "sched_setparam": (142, 118), "sched_setscheduler": (144, 119),
    "sched_setaffinity": (203, 122), "sched_setattr": (314, 274), "setpriority": (141, 140), "sendto": (44, 206),
}  # fmt: skip
"""Calls for which the filter has a rule of its own."""

OWN = {
    "prlimit64": (0,), "sched_setparam": (0,), "sched_setscheduler": (0,), "sched_setaffinity": (0,),
    "sched_setattr": (0,), "setpriority": (0, 1), "sendto": (4,),
}  # fmt: skip
"""Allowed for the caller itself only: its limits, priority and processors. What it sends goes to no address. Each with
the positions of its arguments that have to be 0."""

TOLD: Table = {
    "openat2": (437, 437), "execveat": (322, 281), "sync": (162, 81), "sync_file_range": (277, 84),
    "syncfs": (306, 267), "readahead": (187, 213), "remap_file_pages": (216, 234), "pkey_mprotect": (329, 288),
    "pkey_alloc": (330, 289), "pkey_free": (331, 290), "timer_create": (222, 107), "timer_settime": (223, 110),
    "timer_gettime": (224, 108), "timer_getoverrun": (225, 109), "timer_delete": (226, 111), "io_setup": (206, 0),
    "io_destroy": (207, 1), "io_getevents": (208, 4), "io_submit": (209, 2), "io_cancel": (210, 3),
    "io_pgetevents": (333, 292), "futex_waitv": (449, 449), "recvmmsg": (299, 243),
    "sched_rr_get_interval": (148, 127), "pidfd_send_signal": (424, 424), "process_mrelease": (448, 448),
    "modify_ldt": (154, None), "set_thread_area": (205, None), "get_thread_area": (211, None),
    "adjtimex": (159, 171), "clock_adjtime": (305, 266), "ioperm": (173, None), "iopl": (172, None),
    "sysfs": (139, None), "ustat": (136, None), "vhangup": (153, 58), "sethostname": (170, 161),
    "setdomainname": (171, 162), "swapoff": (168, 225), "mq_unlink": (241, 181), "mq_timedsend": (242, 182),
    "mq_timedreceive": (243, 183), "mq_notify": (244, 184), "mq_getsetattr": (245, 185),
    "fanotify_init": (300, 262), "fanotify_mark": (301, 263), "fsconfig": (431, 431), "fspick": (433, 433),
    "quotactl_fd": (443, 443), "kexec_file_load": (320, 294), "futex_wake": (454, 454), "futex_wait": (455, 455),
    "futex_requeue": (456, 456), "cachestat": (451, 451), "statmount": (457, 457), "listmount": (458, 458),
}  # fmt: skip
"""Refused with EPERM, and named to the course staff where code fails because of it: calls that nothing that was traced
needs. A number that no table has is treated in the same way."""
