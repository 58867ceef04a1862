#include "controller/app/cli.h"
#include "proto/base/memory.h"

int main(int argc, char** argv) {
  resetctl::base::UseFewArenas();
  return resetctl::controller::Main(argc, argv);
}
