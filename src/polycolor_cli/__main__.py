from polycolor_cli.cli import main

main()
