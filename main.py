from magic_viewer.cli import main

raise SystemExit(main())
