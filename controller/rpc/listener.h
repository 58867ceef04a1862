#ifndef RESETCTL_CONTROLLER_RPC_LISTENER_H_
#define RESETCTL_CONTROLLER_RPC_LISTENER_H_

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace resetctl::controller {

// Accepts connections in gRPC's place. gRPC 1.51 stops accepting for good once accept() has failed for want of descriptors
// (ADR 33), and would take the last of them for connections.
//
// Some descriptors are left for everything else (store, ssh-keygen, notifications): a connection that would need one of them is
// closed at once. While there are none at all, connections wait in the kernel's queue.
class Listener {
 public:
  // Owns the connection from then on. Called on the listener's thread.
  using TakeConnection = std::function<void(int fd)>;

  // 'host:port', '[::]:port'; port 0: any that is free. Every address that the host has. CONFIG_INVALID when the port cannot be had.
  static absl::StatusOr<std::unique_ptr<Listener>> Open(const std::string& address);
  ~Listener();  // Stop()
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  int port() const { return port_; }
  // Once.
  void Start(TakeConnection take);
  // Takes no more, and frees the port.
  void Stop();

 private:
  Listener() = default;
  void Loop();
  // False when there was none, or it could not be taken.
  bool AcceptOne(int socket);
  // Says in the log when connections begin to be refused, and when that is over.
  void Refusing(bool refusing, int error);

  int port_ = 0;
  std::vector<int> sockets_;
  int stop_ = -1;  // an eventfd
  TakeConnection take_;
  std::thread thread_;
  bool refusing_ = false;  // the thread's own
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_RPC_LISTENER_H_
