#include "client/commands/program.h"

int main(int argc, char** argv) { return resetctl::client::Main(argc, argv); }
