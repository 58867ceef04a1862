#include "agent/app/cli.h"

int main(int argc, char** argv) { return resetctl::agent::Main(argc, argv); }
