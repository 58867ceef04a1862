#include "controller/app/cli.h"

int main(int argc, char** argv) { return resetctl::controller::Main(argc, argv); }
