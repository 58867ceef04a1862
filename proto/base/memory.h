#ifndef RESETCTL_PROTO_BASE_MEMORY_H_
#define RESETCTL_PROTO_BASE_MEMORY_H_

namespace resetctl::base {

// All threads allocate from two arenas instead of eight for each processor, so that what one frees another one uses. For programs
// that grow no faster than people and agents come; before the first thread. Nothing happens with another allocator.
void UseFewArenas();

// Gives free pages back to the kernel. glibc's malloc by itself keeps what was freed in the middle of its arenas, of which each thread may
// have its own: a server's memory then grows to the sum of what its threads ever held at once, hours after they held it. Takes some
// milliseconds for 100 MB. Nothing happens with another allocator.
void GiveBackFreeMemory();

}  // namespace resetctl::base

#endif  // RESETCTL_PROTO_BASE_MEMORY_H_
