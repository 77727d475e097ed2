/*
 * The entry of a small C program, in place of the compiler's crt1.o: that one asks for __libc_start_main of the C library it was
 * built with (2.34 and later under Debian 12), and the program would not start on older hosts. The dynamic loader has set libc up
 * by itself before _start runs. Link with -nostartfiles.
 */
#include <stdlib.h>

int main(int argc, char **argv, char **environment);

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n xorl %ebp, %ebp\n movq %rsp, %rdi\n andq $-16, %rsp\n call start_c\n hlt\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n mov x29, #0\n mov x30, #0\n mov x0, sp\n bl start_c\n brk #0\n");
#else
#error "only x86_64 and aarch64"
#endif

/* The kernel leaves argc, argv, NULL, environment, NULL on the stack. */
__attribute__((used)) static void start_c(long *stack) {
  int argc = (int)stack[0];
  char **argv = (char **)(stack + 1);
  exit(main(argc, argv, argv + argc + 1));
}
